"""What a pattern finds in a mail: pure, and the same however often it is tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import phonenumbers

from services.ingest.domain import html
from services.ingest.domain.addresses import Address, parse_addresses, without_tag
from services.ingest.domain.headers import Headers
from services.ingest.domain.patterns import (
    CONVERSATION,
    EMAIL,
    EXTERNAL_ID,
    FIELDS,
    FORM,
    FROM,
    HEADER,
    IDENTITIES,
    MAX_LOOKED_AT,
    NAME,
    PAGE,
    PHONE,
    REPLY_TO,
    SUBJECT,
    TEXT,
    TO,
    MailPattern,
    Pick,
    When,
    is_listed,
)
from services.ingest.domain.received import Author

_LONGEST = {NAME: 200, EXTERNAL_ID: 200, CONVERSATION: 200, SUBJECT: 500, PHONE: 60, EMAIL: 320}
_LONGEST_FIELD = 2_000
# What mail programs and forms put around a label and its value.
_AROUND = " \t>*|•·‣-–—"
_AFTER_LABEL = ":：=|"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as patterns see it."""

    headers: Headers
    sender: Address
    subject: str
    text: str
    # Sanitised HTML.
    html: str = ""
    # Our own mail server found that it comes from the sender's domain.
    is_proven: bool = False

    def source(self, name: str) -> str:
        """The text in which a pick looks."""
        if name == TEXT:
            return self.text[:MAX_LOOKED_AT]
        if name == PAGE:
            # Cells stand apart, so that a label in one of them ends where its value begins.
            return html.to_text(self.html, "\t")[:MAX_LOOKED_AT] or self.text[:MAX_LOOKED_AT]
        if name == SUBJECT:
            return self.subject
        fields = {FROM: "from", REPLY_TO: "reply-to", TO: "to"}
        return self.headers.text(fields.get(name) or name.removeprefix(HEADER))


@dataclass(frozen=True, slots=True)
class Picked:
    """What a pattern made of a mail."""

    pattern: MailPattern
    # None where the pattern picks nobody, so that the mail's own sender stays.
    author: Author | None = None
    subject: str = ""
    # The part of the text that the person wrote; empty where all of it counts.
    text: str = ""
    conversation: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    # The names of all that was found, for a person.
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The pattern that read the mail, if any did, and why those did not that were meant for it."""

    picked: Picked | None = None
    # (pattern's name, what was not found).
    missed: tuple[tuple[str, str], ...] = ()

    @property
    def explanation(self) -> str:
        """For a person; empty where no pattern was meant for the mail."""
        if self.picked is not None:
            kind = "Form" if self.picked.pattern.kind == FORM else "Notice"
            found = ", ".join(self.picked.found) or "nothing"
            return f"{kind} “{self.picked.pattern.name}”: picked {found}."
        if self.missed:
            tried = "; ".join(f"“{name}” found no {what}" for name, what in self.missed[:5])
            return f"Read as ordinary mail, although a pattern is meant for it: {tried}."
        return ""


def read_by_patterns(
    letter: Letter, patterns: Sequence[MailPattern], is_ours: Callable[[str], bool]
) -> Outcome:
    """Try them in their order; the first that is meant for the mail and finds what it needs reads it."""
    missed: list[tuple[str, str]] = []
    for pattern in patterns:
        if not _is_meant(pattern.when, letter):
            continue
        picked, missing = _pick(letter, pattern, is_ours)
        if picked is not None:
            return Outcome(picked)
        missed.append((pattern.name, missing))
    return Outcome(None, tuple(missed))


def _is_meant(when: When, letter: Letter) -> bool:
    return (
        (not when.senders or is_listed(letter.sender.email, when.senders))
        and (when.sender_name is None or when.sender_name.fits(letter.sender.name))
        and (when.subject is None or when.subject.fits(letter.subject))
        and all(
            letter.headers.has(name) and expression.fits(letter.headers.text(name))
            for name, expression in when.headers
        )
    )


def _pick(letter: Letter, pattern: MailPattern, is_ours: Callable[[str], bool]) -> tuple[Picked | None, str]:
    """What the pattern finds; or None, and the name of what it needs and did not find."""
    if pattern.needs_proof and not letter.is_proven:
        return None, "proof that it comes from its sender"
    sources: dict[str, str] = {}
    values: dict[str, str] = {}
    shown_name = ""
    for name, pick in pattern.picks.items():
        value = _value(letter, sources, name, pick, pattern)
        if name == EMAIL:
            address = _address(value, is_ours)
            value, shown_name = address.email, address.name
        elif name == PHONE:
            value = _phone(value, pattern.region)
        value = value.strip()[: _LONGEST.get(name, _LONGEST_FIELD if name != TEXT else MAX_LOOKED_AT)].strip()
        if value:
            values[name] = value
        elif pick.is_required:
            return None, name
    who = any(name in values for name in IDENTITIES)
    if not who and pattern.kind == FORM:
        return None, "e-mail, phone or external id of whoever wrote"
    author = (
        Author(
            values.get(NAME) or shown_name,
            values.get(EMAIL, ""),
            values.get(PHONE, ""),
            values.get(EXTERNAL_ID, ""),
        )
        if who
        else None
    )
    return (
        Picked(
            pattern,
            author,
            values.get(SUBJECT, ""),
            values.get(TEXT, ""),
            values.get(CONVERSATION, ""),
            {name.removeprefix(FIELDS): value for name, value in values.items() if name.startswith(FIELDS)},
            tuple(values),
        ),
        "",
    )


def _value(letter: Letter, sources: dict[str, str], name: str, pick: Pick, pattern: MailPattern) -> str:
    source = _source(letter, sources, pick.source)
    if pick.label:
        is_long = name == TEXT
        value = behind_label(source, pick.label, pattern.labels, is_long=is_long, until=pick.until)
        if not value and pick.source == TEXT and letter.html:
            # A table says more of itself than the text that was made of it.
            page = _source(letter, sources, PAGE)
            value = behind_label(page, pick.label, pattern.labels, is_long=is_long, until=pick.until)
        return value or ""
    if pick.expression is not None:
        return _one_line(pick.expression.find(source), name)
    return _one_line(source, name)


def _source(letter: Letter, sources: dict[str, str], name: str) -> str:
    if name not in sources:
        sources[name] = letter.source(name)
    return sources[name]


def _one_line(value: str, name: str) -> str:
    return value if name == TEXT else " ".join(value.split())


def behind_label(
    source: str, label: str, labels: Sequence[str], *, is_long: bool, until: str = ""
) -> str | None:
    """The value behind a label: on its line, or below it where its own has none; a long one up to the next label, or a
    line that begins with `until`. Empty where the form left it so, None where the label is not there."""
    wanted = label.lower()
    # Most forms that are tried are others, and a search costs a hundredth of a look at each line.
    if wanted not in source.lower():
        return None
    lines = source.split("\n")
    for number, line in enumerate(lines):
        rest = _after(line, wanted)
        if rest is None:
            continue
        if is_long:
            return "\n".join([rest, *_lines_until(lines[number + 1 :], labels, until)]).strip()
        return rest or _below(lines, number, labels)
    return None


def _below(lines: Sequence[str], number: int, labels: Sequence[str]) -> str:
    """What stands on the next line; behind a blank one only where the label is bare, as a heading is."""
    is_heading = not lines[number].rstrip(_AROUND + "\r").endswith(tuple(_AFTER_LABEL))
    for line in lines[number + 1 : number + (3 if is_heading else 2)]:
        following = line.strip(_AROUND + "\r")
        if not following:
            continue
        # An empty answer, and the next question.
        is_label = following.endswith(tuple(_AFTER_LABEL)) or any(
            _after(line, one) is not None for one in labels
        )
        return "" if is_label else following
    return ""


def _lines_until(lines: Sequence[str], labels: Sequence[str], until: str) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if until and line.strip().startswith(until):
            break
        if any(_after(line, one) is not None for one in labels):
            break
        kept.append(line.rstrip("\r"))
    return kept


def _after(line: str, label: str) -> str | None:
    """What stands behind the label that a line begins with; None where it does not."""
    line = line.strip(_AROUND + "\r")
    if line[: len(label)].lower() != label:
        return None
    rest = line[len(label) :]
    if not rest:
        return ""
    bare = rest.lstrip(" \t*")
    if bare[:1] in _AFTER_LABEL and bare:
        return bare.lstrip(_AFTER_LABEL + " \t*").strip(_AROUND)
    # A table's cells stand apart; a sentence that begins with the label's word is none.
    return bare.strip(_AROUND) if rest.startswith(("\t", "  ", " - ", " – ", " — ")) else None


def _address(value: str, is_ours: Callable[[str], bool]) -> Address:
    for address in parse_addresses(value, 3):
        # To a mailbox of ours an answer would only come back.
        if address.email and not is_ours(without_tag(address.email)):
            return address
    return Address("", "")


def _phone(value: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
