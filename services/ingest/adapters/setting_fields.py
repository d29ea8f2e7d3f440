"""What can be set of a kind of channel, told so that a page can make a form of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic.fields import FieldInfo

from services.ingest.adapters.kinds import Kind
from services.ingest.domain.channel_secrets import is_secret


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting, as texts have it."""

    name: str
    text: str
    is_required: bool
    default: str
    # text, number, flag, choice, list, lines or secret.
    type: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    # Characters; 0 where there is no bound.
    longest: int = 0
    example: str = ""


def setting_fields(kind: Kind) -> Iterator[SettingField]:
    """In the order of the kind's file."""
    for name, field in kind.settings.model_fields.items():
        yield SettingField(
            name=name,
            text=field.description or "",
            is_required=field.is_required(),
            default="" if field.is_required() else as_text(field.default),
            type=_type_of(name, field.annotation),
            choices=tuple(map(str, get_args(field.annotation))) if _is_choice(field.annotation) else (),
            least=_bound(field, Ge, "ge"),
            most=_bound(field, Le, "le"),
            # Of a list the bound is the number of its values.
            longest=(_bound(field, MaxLen, "max_length") or 0) if field.annotation is str else 0,
            example=as_text(next(iter(field.examples or ()), None)),
        )


def as_text(value: object) -> str:
    """A value as settings are written: lists are separated by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(as_text(one) for one in value)
    return str(value)


def _type_of(name: str, annotation: object) -> str:
    if is_secret(name):
        return "secret"
    if _is_choice(annotation):
        return "choice"
    if get_origin(annotation) in (tuple, list):
        return "list" if get_args(annotation)[0] is str else "lines"
    # A truth value is a number to Python.
    return {bool: "flag", int: "number"}.get(annotation, "text")  # type: ignore[call-overload, no-any-return]


def _is_choice(annotation: object) -> bool:
    return get_origin(annotation) is Literal


def _bound(field: FieldInfo, kind: type, name: str) -> int | None:
    return next((int(getattr(one, name)) for one in field.metadata if isinstance(one, kind)), None)
