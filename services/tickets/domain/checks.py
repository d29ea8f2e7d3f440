"""What a request may hold. Every mistake of a request is told at once, each by its field."""

import re
from collections.abc import Collection, Iterable, Mapping

from chassis.errors import InvalidField, InvalidFields
from services.tickets.domain import tags as tag_rules
from services.tickets.domain.identities import normal_phone
from services.tickets.domain.people import normal_email
from services.tickets.domain.ticket import LONGEST_SUBJECT

LONGEST_TEXT = 65_536
LONGEST_NAME = 200
LONGEST_VALUE = 4_000
MOST_FIELDS = 100
# One @ between something and a domain with no blank anywhere; what a mail server makes of it is its own affair.
_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,253}")
_CHANNEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}")


_TOO_LONG_SUBJECT = f"at most {LONGEST_SUBJECT} characters"
_TOO_LONG_TEXT = f"at most {LONGEST_TEXT} characters"
_TOO_LONG_NAME = f"at most {LONGEST_NAME} characters"
_TOO_LONG_VALUE = f"at most {LONGEST_VALUE} characters"
_NO_TAG = f"words joined by slashes, no blank, comma or star, at most {tag_rules.LONGEST} characters"


class Checks:
    """Gathers what is wrong; `done()` raises it. `within` begins the name of every field."""

    __slots__ = ("_within", "_wrong")

    def __init__(self, within: str = "") -> None:
        self._within = within
        self._wrong: list[InvalidField] = []

    def done(self) -> None:
        """Raises InvalidField or InvalidFields where anything was wrong."""
        if len(self._wrong) == 1:
            raise self._wrong[0]
        if self._wrong:
            raise InvalidFields(self._wrong)

    def that(self, holds: bool, field: str, expected: str, got: str = "") -> None:
        """Note a mistake unless it holds."""
        if not holds:
            self._wrong.append(InvalidField(f"{self._within}{field}", expected, got))

    def subject(self, value: str, field: str = "subject") -> None:
        self.that(bool(value.strip()), field, "a text that is not empty")
        self._at_most(LONGEST_SUBJECT, value, field, _TOO_LONG_SUBJECT)

    def text(self, value: str, field: str = "text", *, may_be_empty: bool = False) -> None:
        self.that(may_be_empty or bool(value.strip()), field, "a text that is not empty")
        self._at_most(LONGEST_TEXT, value, field, _TOO_LONG_TEXT)

    def one_of(self, value: str, known: Collection[str], field: str) -> None:
        if value not in known:
            self.that(False, field, f"one of {', '.join(known)}", value)

    def tag(self, value: str, field: str = "tags") -> None:
        self.that(tag_rules.is_tag(tag_rules.normal_tag(value)), field, _NO_TAG, value)

    def tags(self, values: Iterable[str], field: str = "tags") -> None:
        values = tuple(values)
        self.that(len(values) <= tag_rules.MOST, field, f"at most {tag_rules.MOST} tags", str(len(values)))
        for value in values[: tag_rules.MOST]:
            self.tag(value, field)

    def email(self, value: str, field: str) -> None:
        self.that(_EMAIL.fullmatch(normal_email(value)) is not None, field, "an e-mail address", value)

    def phone(self, value: str, field: str, region: str = "") -> None:
        self.that(bool(normal_phone(value, region)), field, "a phone number as +442079460000", value)

    def name(self, value: str, field: str, *, may_be_empty: bool = True) -> None:
        self.that(may_be_empty or bool(value.strip()), field, "a text that is not empty")
        self._at_most(LONGEST_NAME, value, field, _TOO_LONG_NAME)

    def channel(self, value: str, field: str = "channel") -> None:
        self.that(
            _CHANNEL.fullmatch(value) is not None,
            field,
            "lower-case letters, digits and hyphens, at most 64",
            value,
        )

    def form_field(self, name: str, value: str, field: str) -> None:
        self.that(
            _FIELD.fullmatch(name) is not None, field, "a name of letters, digits, - and _, at most 64", name
        )
        self._at_most(LONGEST_VALUE, value, field, _TOO_LONG_VALUE)

    def form(self, fields: Mapping[str, str], field: str = "fields") -> None:
        self.that(len(fields) <= MOST_FIELDS, field, f"at most {MOST_FIELDS} fields", str(len(fields)))
        for name, value in list(fields.items())[:MOST_FIELDS]:
            self.form_field(name, value, f"{field}.{name[:64]}")

    def _at_most(self, most: int, value: str, field: str, expected: str) -> None:
        if len(value) > most:
            self.that(False, field, expected, str(len(value)))
