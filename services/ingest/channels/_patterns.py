"""Mail patterns as people write them: a list in YAML (JSON is YAML too) in a setting of the mailbox."""

from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from services.ingest.domain import patterns
from services.ingest.domain.patterns import Expression, MailPattern, Pick, When

_MAX_WRITTEN = 64 * 1024
_MAX_PATTERNS = 100
_MAX_PICKS = 50


def _expression(value: object) -> object:
    return Expression(value) if isinstance(value, str) else value


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


AnExpression = Annotated[Expression, BeforeValidator(_expression)]


class _Written(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, arbitrary_types_allowed=True, populate_by_name=False
    )

    @model_validator(mode="before")
    @classmethod
    def _is_known(cls, value: Any) -> Any:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(value, dict):
            raise ValueError(f"a map with some of {', '.join(known)}")
        if unknown := sorted(str(key) for key in value if key not in known):
            raise ValueError(f"some of {', '.join(known)}, and no {', '.join(unknown)}")
        return value


class PickSettings(_Written):
    """Where one value stands."""

    source: str = Field(default=patterns.TEXT, alias="in")
    label: str = Field(default="", max_length=100)
    pattern: AnExpression | None = None
    until: str = Field(default="", max_length=100)
    required: bool = False

    @field_validator("source")
    @classmethod
    def _is_source(cls, value: str) -> str:
        is_header = value.startswith(patterns.HEADER) and len(value) > len(patterns.HEADER)
        if value not in patterns.SOURCES and not is_header:
            raise ValueError(f"one of {', '.join(patterns.SOURCES)} or header:NAME")
        return value.lower()

    @field_validator("label")
    @classmethod
    def _is_label(cls, value: str) -> str:
        return value.strip().rstrip(":：=").strip()

    @model_validator(mode="after")
    def _is_one_way(self) -> "PickSettings":
        in_text = self.source in (patterns.TEXT, patterns.PAGE)
        if self.label and self.pattern is not None:
            raise ValueError("a label or a pattern, not both")
        if self.label and not in_text:
            raise ValueError(f"a pattern instead of a label, or in: {patterns.TEXT} or {patterns.PAGE}")
        if in_text and not self.label and self.pattern is None:
            raise ValueError("a label or a pattern")
        return self


class PatternSettings(_Written):
    """One pattern."""

    name: str = Field(min_length=1, max_length=60)
    kind: Literal["form", "notice"] = "form"
    senders: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field((), alias="from", max_length=100)
    sender_name: AnExpression | None = Field(None, alias="from_name")
    subject: AnExpression | None = None
    headers: dict[str, AnExpression] = Field(default={}, max_length=20)
    region: str = Field(default="", pattern="^([A-Z]{2})?$")
    proven: bool = False
    pick: dict[str, PickSettings] = Field(default={}, max_length=_MAX_PICKS)

    @field_validator("senders")
    @classmethod
    def _are_senders(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(patterns.entry_of(value) for value in values)
        if not all(found):
            raise ValueError("addresses as robot@forms.example, or domains as forms.example")
        return found

    @field_validator("pick")
    @classmethod
    def _is_known_pick(cls, picks: dict[str, PickSettings]) -> dict[str, PickSettings]:
        for name in picks:
            if name not in patterns.PICKED and not patterns.is_field(name):
                known = ", ".join(patterns.PICKED)
                raise ValueError(
                    f"some of {known} or fields.NAME with letters, digits, - and _, and no {name}"
                )
        return picks

    @model_validator(mode="after")
    def _is_whole(self) -> "PatternSettings":
        if not (self.senders or self.sender_name or self.subject or self.headers):
            raise ValueError("at least one of from, from_name, subject and headers, or it is for every mail")
        if self.kind == patterns.FORM and not any(name in self.pick for name in patterns.IDENTITIES):
            raise ValueError(f"a pick of {', '.join(patterns.IDENTITIES)}: whoever filled the form in")
        return self

    def made(self) -> MailPattern:
        """The pattern at work."""
        when = When(
            self.senders,
            self.sender_name,
            self.subject,
            tuple((name.lower(), expression) for name, expression in self.headers.items()),
        )
        picks = {
            name: Pick(one.source, one.label, one.pattern, one.until, one.required)
            for name, one in self.pick.items()
        }
        return MailPattern(self.name, when, self.kind, picks, self.region, self.proven)


def written(value: object) -> object:
    """The list that a setting's text holds. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if len(value) > _MAX_WRITTEN:
        raise ValueError(f"at most {_MAX_WRITTEN} characters")
    try:
        # What repeats itself by reference may grow without bound.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(value, yaml.SafeLoader)):
            raise ValueError("YAML without references (*name)")
        content = yaml.safe_load(value)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise ValueError(f"a list in YAML or JSON{place}") from None
    found = () if content is None else content
    if not isinstance(found, list | tuple):
        raise ValueError("a list in YAML or JSON")
    return found


Patterns = Annotated[tuple[PatternSettings, ...], BeforeValidator(written), Field(max_length=_MAX_PATTERNS)]
