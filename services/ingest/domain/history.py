"""What was written before, as an answer shows it below its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from services.ingest.domain import html

_CUT = "[…]"
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "pt": ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
           "novembro", "dezembro"),
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
           "ноября", "декабря"),
}  # fmt: skip
# Mail programs tell by such a line, with the quotation below it, what they may fold away.
_ATTRIBUTIONS = {
    "en": "On {day} {month} {year} at {time}, {name} wrote:",
    "pt": "Em {day} de {month} de {year} às {time}, {name} escreveu:",
    "ru": "{day} {month} {year} г. в {time} {name} пишет:",
}
LANGUAGES = tuple(_ATTRIBUTIONS)
# Gmail folds away what carries its class, Apple Mail what is of type cite; Outlook's engine knows neither `ex` nor rules
# of a style sheet, so that the line at the side is inlined in pixels.
_QUOTE_STYLE = "margin:0 0 0 8px;padding:0 0 0 8px;border-left:1px solid #cccccc"


class Extent(StrEnum):
    """How much of the conversation an answer repeats."""

    NONE = "none"
    LAST = "last"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message of the conversation that everybody in it may read."""

    author_name: str
    at: datetime
    # What was new in it: what it quotes itself is a message of its own here, or not wanted.
    said: str
    # Message-ID under which it came or left.
    external_id: str = ""
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How a mailbox wants to quote."""

    extent: Extent
    language: str
    zone: tzinfo
    # Of the quoted texts together, UTF-8 bytes.
    limit: int


NOTHING = Style(Extent.NONE, "en", UTC, 0)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A message as it is repeated."""

    attribution: str
    text: str


def quoted(earlier: Sequence[Earlier], answered: str, style: Style) -> list[Quoted]:
    """What is repeated, the newest first, of messages that come oldest first; `answered` is the Message-ID in In-Reply-To.

    What machines said is left out. The message that does not fit any more is cut at the end of a line.
    """
    chosen = [one for one in reversed(earlier) if not one.is_automatic and one.said.strip()]
    if style.extent is Extent.NONE:
        chosen = []
    elif style.extent is Extent.LAST:
        # The one that is answered, though an agent may have written since.
        chosen = [one for one in chosen if answered and one.external_id == answered][:1] or chosen[:1]
    found: list[Quoted] = []
    room = style.limit
    for one in chosen:
        text = _cut(one.said.strip("\r\n"), room)
        if not text:
            break
        found.append(Quoted(_attribution(one, style), text))
        room -= len(text.encode("utf-8", "replace"))
    return found


def as_text(messages: Sequence[Quoted]) -> str:
    """In plain text: each line of each message behind `>` (RFC 3676, 4.5: a line that is quoted already gets no space)."""
    return "\n\n".join(f"{one.attribution}\n{_with_marks(one.text)}" for one in messages)


def as_html(messages: Sequence[Quoted]) -> str:
    """In HTML: each message in a block of its own."""
    return "".join(
        f'<div class="gmail_quote"><div class="gmail_attr" dir="auto">{html.for_mail(one.attribution)}</div>'
        f'<blockquote type="cite" class="gmail_quote" style="{_QUOTE_STYLE}" dir="auto">'
        f"{html.for_mail(one.text)}</blockquote></div><br>"
        for one in messages
    )


def _with_marks(text: str) -> str:
    return "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.splitlines()
    )


def _attribution(one: Earlier, style: Style) -> str:
    at = one.at.astimezone(style.zone)
    return _ATTRIBUTIONS[style.language].format(
        day=at.day,
        month=_MONTHS[style.language][at.month - 1],
        year=at.year,
        time=f"{at:%H:%M}",
        name=" ".join(one.author_name.split())[:200],
    )


def _cut(text: str, room: int) -> str:
    data = text.encode("utf-8", "replace")
    if len(data) <= room:
        return text
    kept = data[: max(room - len(_CUT.encode()) - 1, 0)].decode("utf-8", "ignore").rpartition("\n")[0]
    return f"{kept.rstrip()}\n{_CUT}" if kept.strip() else ""
