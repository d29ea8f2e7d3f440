"""What a mailbox knows of the programs that write to it in somebody's name: site forms, marketplaces, payment systems.

A pattern says which mails it is for and where in them stands who asks, and what about. The expressions are RE2's, so
that a mail costs time in proportion to its length whatever somebody wrote into the settings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import re2

from services.ingest.domain.addresses import normalise

# What a customer filled in: the requester is picked from the mail, never the program that sent it.
FORM = "form"
# News for the record (paid, shipped, ordered): kept and found, and nobody is waiting for an answer.
NOTICE = "notice"
KINDS = (FORM, NOTICE)

TEXT, PAGE, SUBJECT, FROM, REPLY_TO, TO, HEADER = (
    "text",
    "page",
    "subject",
    "from",
    "reply_to",
    "to",
    "header:",
)
# Where a value may stand; beside them `header:<name>`.
SOURCES = (TEXT, PAGE, SUBJECT, FROM, REPLY_TO, TO)

EMAIL, NAME, PHONE, EXTERNAL_ID, CONVERSATION = "email", "name", "phone", "external_id", "conversation"
FIELDS = "fields."
# What may be picked; beside them `fields.<name>` for a field of the ticket.
PICKED = (EMAIL, NAME, PHONE, EXTERNAL_ID, SUBJECT, TEXT, CONVERSATION)
# Any of these says who asks.
IDENTITIES = (EMAIL, PHONE, EXTERNAL_ID)

MAX_EXPRESSION = 2_000
# Of a mail's text, the characters that patterns look at.
MAX_LOOKED_AT = 64 * 1024

_AT_LINES = "(?m)"
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,250}[a-z0-9])?")
_FIELD = re.compile(r"fields\.[A-Za-z0-9_-]{1,64}")


class Expression:
    """An RE2 expression; letter case does not matter, `^` and `$` stand at lines. Raises ValueError with the reason."""

    __slots__ = ("_compiled", "written")

    def __init__(self, written: str) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        if len(written) > MAX_EXPRESSION:
            raise ValueError(f"an RE2 expression of at most {MAX_EXPRESSION} characters")
        try:
            self._compiled = re2.compile(f"{_AT_LINES}{written}", options)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise ValueError(f"an RE2 expression ({said.replace(_AT_LINES, '', 1)})") from None
        if self._compiled.groups > 1:
            raise ValueError("an RE2 expression with at most one group: (?:...) groups without picking")
        self.written = written

    def fits(self, text: str) -> bool:
        """Whether it stands anywhere in the text."""
        return self._compiled.search(text[:MAX_LOOKED_AT]) is not None

    def find(self, text: str) -> str:
        """What its group holds where it first stands, all that it fits where it has none; empty where it does not."""
        found = self._compiled.search(text[:MAX_LOOKED_AT])
        return str(found.group(self._compiled.groups) or "") if found is not None else ""


@dataclass(frozen=True, slots=True)
class Pick:
    """Where a value stands: behind a label, or where an expression finds it; the whole source where neither is given."""

    source: str = TEXT
    # As the form writes it before the value, without its colon.
    label: str = ""
    expression: Expression | None = None
    # Text goes on until a line that begins so.
    until: str = ""
    # A mail without it is none of the pattern's.
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """Which mails a pattern is for: all that is given must fit."""

    # Addresses, and domains with all below them.
    senders: tuple[str, ...] = ()
    sender_name: Expression | None = None
    subject: Expression | None = None
    # Lower-case names of fields.
    headers: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class MailPattern:
    """One pattern of a mailbox; the first of its list that finds what it needs reads the mail."""

    name: str
    when: When
    kind: str = FORM
    picks: Mapping[str, Pick] = field(default_factory=dict)
    # Of numbers written without their country, as RU.
    region: str = ""
    # Only where our own mail server found that the mail comes from its sender's domain.
    needs_proof: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that the pattern knows; none of them is a value of another."""
        return tuple(dict.fromkeys(pick.label.lower() for pick in self.picks.values() if pick.label))


def entry_of(written: str) -> str:
    """An address or a domain as it is compared; empty where it is neither."""
    written = written.strip().lower().removeprefix("*.").removeprefix("@").rstrip(".")
    if "@" in written:
        return normalise(written)
    found = normalise(f"x@{written}").partition("@")[2]
    return found if _DOMAIN.fullmatch(found) else ""


def is_field(name: str) -> bool:
    """Whether the name of a pick means a field of the ticket."""
    return _FIELD.fullmatch(name) is not None


def is_listed(email: str, entries: tuple[str, ...]) -> bool:
    """Whether a normalised address is named itself, or its domain or one above that is."""
    local, at, domain = email.rpartition("@")
    if not at or not local:
        return False
    return any(
        email == entry if "@" in entry else domain == entry or domain.endswith(f".{entry}")
        for entry in entries
    )
