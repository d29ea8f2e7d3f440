"""What a person reads of a mail, and what hangs on it."""

from dataclasses import dataclass

from services.ingest.domain import files, html, located, quotes
from services.ingest.domain.gathering import MAX_ENCLOSED, Gathered, Piece, collect, says_something, text_of
from services.ingest.domain.mime import Part, parse_mail
from services.ingest.domain.received import AttachmentPart


@dataclass(frozen=True, slots=True)
class Body:
    """The text and the HTML of a mail, its files, and what a person should know of them."""

    text: str
    html: str
    is_truncated: bool
    files: tuple[AttachmentPart, ...]
    flags: tuple[str, ...]
    # What is new in text and HTML; empty where nothing was cut.
    said: str = ""
    said_html: str = ""


def read_body(root: Part) -> Body:
    """All that is in a mail, for a person to read."""
    gathered = Gathered()
    collect(root, gathered)
    if (
        not any(says_something(piece) for piece in gathered.pieces)
        and root.mime_type != "multipart/encrypted"
    ):
        gathered.pieces.append((_enclosed_text(gathered.enclosed, gathered.reports), None))
    gathered.pieces.extend((note, None) for note in gathered.notes)
    if gathered.located:
        base = next(filter(None, gathered.bases), "")
        gathered.pieces = [
            (text, rich and located.with_ids(rich, base, gathered.located)) for text, rich in gathered.pieces
        ]
    text, rich, is_cut = _render(gathered.pieces)
    # What a report quotes is what it is about.
    said, said_html = ("", "") if root.mime_type == "multipart/report" else _said(text, rich, gathered.pieces)
    attached = tuple(files.attachments(gathered.files, rich))
    return Body(text, rich, is_cut, attached, tuple(gathered.flags), said, said_html)


def cut(text: str, limit: int) -> tuple[str, bool]:
    """The text within `limit` bytes of UTF-8, and whether something was cut off."""
    if len(text) * 4 <= limit:
        return text, False
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text, False
    return data[:limit].decode("utf-8", "ignore"), True


def _enclosed_text(enclosed: list[Part], reports: list[Part]) -> str:
    """What the first enclosed mail that says something says, or the first report."""
    waiting, looked = list(enclosed), 0
    while waiting and looked < MAX_ENCLOSED:
        looked += 1
        inner = Gathered()
        collect(parse_mail(waiting.pop(0).content()).root, inner)
        text, _, _ = _render(inner.pieces)
        if text:
            return text
        waiting = inner.enclosed + waiting
    for report in reports:
        text = text_of(report, Gathered()).strip()
        if text:
            return text
    return ""


def _said(text: str, rich: str, pieces: list[Piece]) -> tuple[str, str]:
    said_html = quotes.said_in_html(rich) if rich else ""
    if rich and not any((text or "").strip() for text, _ in pieces):
        # Text that was made of HTML has lost the marks of its quotes.
        return html.to_text(said_html), said_html
    return quotes.said_in_text(text), said_html


def _render(found: list[Piece]) -> tuple[str, str, bool]:
    pieces = [piece for piece in found if says_something(piece)]
    is_cut = False
    texts: list[str] = []
    rich: list[str] = []
    has_html = any(source for _, source in pieces)
    for text, source in pieces:
        clean = ""
        if source:
            clean, was_cut = html.sanitise(source)
            is_cut = is_cut or was_cut
        if text is None or not text.strip():
            text = html.to_text(clean)
        texts.append(text.strip("\n").rstrip())
        if has_html:
            rich.append(clean if source else html.from_text(text))
    whole, was_cut = cut("\n\n".join(text for text in texts if text), html.MAX_BYTES)
    shown = "\n".join(rich)
    if len(shown.encode()) > html.MAX_BYTES:
        shown, _ = html.sanitise(shown)
        is_cut = True
    return whole, shown, is_cut or was_cut
