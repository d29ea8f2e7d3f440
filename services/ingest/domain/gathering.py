"""The texts and files of a mail, found in its parts."""

import re
from dataclasses import dataclass, field

from services.ingest.domain import charsets, files, invitation, located, tnef, uuencoded
from services.ingest.domain.files import Found
from services.ingest.domain.flowed import join_flowed
from services.ingest.domain.mime import Part, parse_mail
from services.ingest.domain.opaque import signed_content
from services.ingest.domain.received import ENCRYPTED, GUESSED_CHARSET, SIGNED

# Of one text part, before it is decoded.
_MAX_TEXT_BYTES = 4 * 1024 * 1024
# So many mails within mails are looked into where none outside has a text.
MAX_ENCLOSED = 5

# Types that are text with a little markup, and read as such.
_TEXTS = {"text/plain", "text/markdown", "text/x-markdown", "text/enriched", "text/richtext"}
# Reports are for machines, but where nothing else is said they are what there is to read.
_REPORTS = {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
            "message/feedback-report", "text/rfc822-headers"}  # fmt: skip
_ENCLOSED = {"message/rfc822", "message/global"}
# The same said again for a watch or for one mail program, beside the HTML that everybody reads.
_SPECIAL_VIEWS = {"text/x-amp-html", "text/watch-html"}
_PKCS7 = {"application/pkcs7-mime", "application/x-pkcs7-mime"}

_ENRICHED_MARK = re.compile(r"<<|<param>[^<]*</param>|<[^<>\n]{0,60}>", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)

# (text, html); one of them may be missing.
Piece = tuple[str | None, str | None]


@dataclass(slots=True)
class Gathered:
    """What was found so far."""

    pieces: list[Piece] = field(default_factory=list)
    files: list[Found] = field(default_factory=list)
    flags: dict[str, None] = field(default_factory=dict)
    # What invitations say.
    notes: dict[str, None] = field(default_factory=dict)
    # Read only where the mail itself has no text.
    enclosed: list[Part] = field(default_factory=list)
    reports: list[Part] = field(default_factory=list)
    # Where a picture is said to lie -> its Content-ID, and where the page does.
    located: dict[str, str] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    # Opaquely signed parts that were looked into.
    opened: int = 0


def says_something(piece: Piece) -> bool:
    """There is more in it than white space."""
    text, rich = piece
    return bool((text and text.strip()) or (rich and rich.strip()))


def collect(part: Part, gathered: Gathered) -> None:
    """Add what is in a part, and in those within it."""
    kind = part.mime_type
    if part.children or kind.startswith("multipart/"):
        _collect_children(part, gathered, kind)
        return
    disposition = part.headers.raw("content-disposition")
    name = files.file_name(part, disposition)
    is_attached = disposition.lstrip()[:10].lower() == "attachment" or bool(name)
    if kind == "text/html" and not is_attached:
        gathered.pieces.append((None, text_of(part, gathered)))
        gathered.bases.append(located.location_of(part))
    elif kind in _TEXTS and not is_attached:
        gathered.pieces.append((_plain_text(part, gathered), None))
    elif part.start < part.end or is_attached:
        _collect_file(part, name, gathered)


def _collect_file(part: Part, name: str, gathered: Gathered) -> None:
    kind = part.mime_type
    if kind == "application/ms-tnef" or name.lower() == "winmail.dat":
        if _collect_tnef(part, gathered):
            return
    elif kind == "text/calendar":
        note = invitation.describe(text_of(part, gathered))
        if note:
            gathered.notes[note] = None
    elif kind in _ENCLOSED:
        gathered.enclosed.append(part)
    elif kind in _REPORTS:
        gathered.reports.append(part)
    elif kind in _PKCS7:
        _collect_opaque(part, gathered)
    elif kind == "application/pgp-encrypted":
        gathered.flags[ENCRYPTED] = None
    file = files.found_part(part, name)
    if location := located.location_of(part):
        _locate(file, location, gathered)
    gathered.files.append(file)


def _locate(file: Found, location: str, gathered: Gathered) -> None:
    if len(gathered.located) < located.MAX_LOCATED:
        file.content_id = file.content_id or f"location-{len(gathered.located)}"
        gathered.located.setdefault(location, file.content_id)


def _collect_opaque(part: Part, gathered: Gathered) -> None:
    # Kept whole by the caller, for whoever verifies it; what it says is read all the same.
    content = signed_content(part.content())
    is_signed = content is not None or part.content_type.get("smime-type").lower() in (
        "signed-data",
        "certs-only",
    )
    gathered.flags[SIGNED if is_signed else ENCRYPTED] = None
    if content and gathered.opened < MAX_ENCLOSED:
        gathered.opened += 1
        collect(parse_mail(content).root, gathered)


def _collect_children(part: Part, gathered: Gathered, kind: str) -> None:
    if kind == "multipart/encrypted":
        gathered.flags[ENCRYPTED] = None
    elif kind == "multipart/signed":
        gathered.flags[SIGNED] = None
    if kind == "multipart/alternative":
        _collect_alternative(part, gathered)
        return
    for child in part.children:
        # Apple's second half of a file (RFC 1740) is an icon and the like, under the same name.
        if (
            kind != "multipart/appledouble"
            or child.mime_type != "application/applefile"
            or len(part.children) < 2
        ):
            collect(child, gathered)


def _collect_alternative(part: Part, gathered: Gathered) -> None:
    # Of the same thing said several ways, one text and the richest HTML are kept; invitations stay files.
    text: str | None = None
    rich: list[str] = []
    for child in part.children:
        if child.mime_type in _SPECIAL_VIEWS and len(part.children) > 1:
            continue
        one = Gathered(
            flags=gathered.flags,
            notes=gathered.notes,
            enclosed=gathered.enclosed,
            reports=gathered.reports,
            located=gathered.located,
            bases=gathered.bases,
            opened=gathered.opened,
        )
        collect(child, one)
        gathered.opened = one.opened
        texts = [said for said, _ in one.pieces if said and said.strip()]
        if texts and text is None:
            text = "\n\n".join(said.strip("\n") for said in texts) if len(texts) > 1 else texts[0]
        found = [found for _, found in one.pieces if found]
        if found:
            rich = found if len(found) > 1 or not rich else rich[:-1] + found
        gathered.files.extend(one.files)
    if text is not None or rich:
        gathered.pieces.append((text, "\n".join(rich) if rich else None))


def _collect_tnef(part: Part, gathered: Gathered) -> bool:
    found = tnef.read_tnef(part.content())
    for file in found.files:
        kind = file.mime_type if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}", file.mime_type) else ""
        gathered.files.append(
            Found(
                files.safe_name(file.name),
                kind or "application/octet-stream",
                file.content,
                file.content_id[:500],
            )
        )
    if found.text.strip() or found.html.strip():
        if not any(says_something(piece) for piece in gathered.pieces):
            gathered.pieces.append((found.text or None, found.html or None))
    elif not found.files:
        return False
    return found.is_whole


def text_of(part: Part, gathered: Gathered) -> str:
    """A text part, decoded."""
    # What lies beyond is never shown.
    content = part.content()[:_MAX_TEXT_BYTES]
    charset = part.content_type.get("charset")
    if not charset and part.mime_type == "text/html":
        charset = _charset_in_html(content)
    text, is_guessed = charsets.decode(content, charset)
    if is_guessed:
        gathered.flags[GUESSED_CHARSET] = None
    return charsets.clean(text)


def _plain_text(part: Part, gathered: Gathered) -> str:
    text = text_of(part, gathered)
    if part.mime_type in ("text/enriched", "text/richtext"):
        return _ENRICHED_MARK.sub(lambda mark: "<" if mark.group() == "<<" else "", text)
    if "-----BEGIN PGP " in text:
        # Armour is kept as it is: whoever verifies or opens it needs each line.
        is_message = "-----BEGIN PGP MESSAGE-----" in text
        gathered.flags[ENCRYPTED if is_message else SIGNED] = None
        return text
    text, found = uuencoded.take_out(text)
    gathered.files.extend(
        Found(files.safe_name(name), "application/octet-stream", content) for name, content in found
    )
    if part.content_type.get("format").strip().lower() == "flowed":
        text = join_flowed(text, part.content_type.get("delsp").strip().lower() == "yes")
    return text


def _charset_in_html(content: bytes) -> str:
    match = _META_CHARSET.search(content[:4096])
    return match.group(1).decode("ascii") if match else ""
