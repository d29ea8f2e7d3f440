"""A raw mail understood: who wrote what, where it belongs, and what a person should know of it.

What cannot be read at all (CannotRead) is: nothing but white space; bytes without a single header field that are not
text; or a mail that has neither author nor subject nor text nor attachment. Anything else becomes a message, with the
best that can be had of it and a flag for what was wrong.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.ingest.domain import charsets, html, mime
from services.ingest.domain.addresses import MAX_ADDRESSES, Address, normalise, parse_addresses, without_tag
from services.ingest.domain.automatic import judge
from services.ingest.domain.bounces import find_bounce
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.headers import Headers, message_ids, parse_date, parse_parameterised
from services.ingest.domain.mime import Mail, Part, parse_mail
from services.ingest.domain.received import (
    BROKEN_MIME,
    ENCRYPTED,
    GUESSED_CHARSET,
    LOOP,
    OWN_ADDRESS,
    READ_RECEIPT,
    SPOOFED_TOKEN,
    SUPPRESS_ANSWER,
    TOO_MANY_HOPS,
    TOO_MANY_PARTS,
    TOO_MANY_RECIPIENTS,
    AttachmentPart,
    Author,
    ReceivedMessage,
    Thread,
)
from services.ingest.domain.tokens import Tokens

LOOP_HEADER = "X-Relaydesk-Loop"
_LOOP_FIELD = LOOP_HEADER.lower()
# A mail that went through more servers than this goes in circles.
MAX_HOPS = 30
MAX_SUBJECT = 500
_MAX_NAME = 200
# Of one text part, before it is decoded; of the fields of one name, before they are read.
_MAX_TEXT_BYTES = 4 * 1024 * 1024
_MAX_FIELDS = 256 * 1024

# Fields in which a server or a person names one of our addresses.
_PLACES = {"to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"}
_SOMETHING = re.compile(rb"[^\x00 \t\r\n]")
_MENTION = re.compile(r"\[(?:\w{1,20}[ ]?)?#[ ]?(\d{1,15})\]")
_CID = re.compile(r"cid:([^\"'\s>)]{1,500})", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_EXTENSIONS = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "text/calendar": "ics",
    "text/plain": "txt", "text/html": "html", "text/csv": "csv", "application/zip": "zip", "text/vcard": "vcf",
    "application/ms-tnef": "dat", "application/pgp-signature": "asc", "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m", "application/x-pkcs7-mime": "p7m",
    "message/rfc822": "eml", "message/delivery-status": "txt", "text/rfc822-headers": "txt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """What this instance knows of itself when it reads a mail."""

    tokens: Tokens
    # Is this normalised address (without a plus tag) one of our mailboxes?
    is_ours: Callable[[str], bool]
    # Addresses in whose name web forms write; their Reply-To is the person.
    form_senders: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Body:
    """What a person reads, piece by piece, and what hangs on it."""

    # (text, html) of each piece; one of them may be missing.
    pieces: list[tuple[str | None, str | None]] = field(default_factory=list)
    files: list[tuple[Part, str]] = field(default_factory=list)
    flags: dict[str, None] = field(default_factory=dict)


def read_mail(raw: bytes, envelope_sender: str | None, house: House) -> ReceivedMessage:
    """The message that a raw mail is; `envelope_sender` is "" for MAIL FROM <>, None where nobody knows.

    Raises CannotRead where there is nothing to show.
    """
    if not _SOMETHING.search(raw):
        raise CannotRead("the mail is empty")
    mail = parse_mail(raw)
    headers = mail.root.headers
    if not len(headers) and _is_binary(raw):
        raise CannotRead("the bytes are not a mail: no header field and no text")

    flags: dict[str, None] = {}
    sender = _first(parse_addresses(headers.raw("from"), 3) or parse_addresses(headers.raw("sender"), 3))
    author = _author(headers, sender, envelope_sender, house)
    subject = headers.text("subject").replace("\n", " ").strip()[:MAX_SUBJECT]
    body = _Body()
    if mail.root.mime_type == "multipart/encrypted":
        # Only the receiver's mail program can open it, and it needs the whole.
        body.flags[ENCRYPTED] = None
        files: list[AttachmentPart] = [AttachmentPart("encrypted.eml", "message/rfc822", raw)]
        text, rich, is_truncated = "", "", False
    else:
        _collect(mail.root, body)
        text, rich, is_truncated = _render(body)
        files = _attachments(body, rich)
    names_author = any(headers.raw(name) for name in ("from", "sender", "reply-to"))
    if not (names_author or subject or text or rich or files):
        raise CannotRead("the mail has no author, no subject, no text and no attachment")

    thread, is_spoofed = _thread(headers, subject, house)
    if is_spoofed:
        flags[SPOOFED_TOKEN] = None
    _judge_road(headers, sender, author, thread, house, flags)
    verdict = judge(headers, envelope_sender, sender.email, subject)
    if verdict.is_answer_suppressed:
        flags[SUPPRESS_ANSWER] = None
    if mail.root.mime_type == "multipart/report" and "disposition" in mail.root.content_type.get(
        "report-type"
    ):
        flags[READ_RECEIPT] = None
    to, cc = _recipients(headers, flags)
    _judge_structure(mail, flags)
    flags.update(body.flags)
    return ReceivedMessage(
        author=author,
        subject=subject,
        text=text,
        html=rich,
        is_truncated=is_truncated,
        sent_at=parse_date(headers.raw("date")),
        attachments=tuple(files),
        thread=thread,
        is_automatic=verdict.is_automatic,
        automatic_reason=verdict.reason,
        bounce=find_bounce(mail, raw, envelope_sender, sender.email),
        flags=tuple(flags),
        to=to,
        cc=cc,
    )


# ------------------------------------------------------------------------------------------------- who and where


def _author(headers: Headers, sender: Address, envelope_sender: str | None, house: House) -> Author:
    replies = headers.raw("reply-to")
    is_form = sender.email in house.form_senders or (
        bool(sender.email) and house.is_ours(without_tag(sender.email))
    )
    if replies and (is_form or not sender.email):
        person = _first(parse_addresses(replies, 3))
        if person.email and not house.is_ours(without_tag(person.email)):
            return Author(name=person.name, email=person.email)
    if sender.email:
        return Author(name=sender.name, email=sender.email)
    fallback = (
        normalise(envelope_sender or "") or _first(parse_addresses(headers.raw("return-path"), 1)).email
    )
    return Author(name=sender.name, email=fallback)


def _thread(headers: Headers, subject: str, house: House) -> tuple[Thread, bool]:
    message_id = next(iter(message_ids(headers.raw("message-id"), 1)), "")
    # Some programs list several; the last is the one that was answered.
    in_reply_to = next(iter(message_ids(headers.raw("in-reply-to"), 1)), "")
    said = headers.raw_all("references")
    references = message_ids(" ".join(said)[-_MAX_FIELDS:]) if said else ()
    places = [value for name, value in headers.fields if name in _PLACES]
    proof = house.tokens.prove(places, in_reply_to, references)
    numbers = _MENTION.findall(subject) if "#" in subject else ()
    mentioned = tuple(dict.fromkeys(int(number) for number in numbers))[:10]
    return Thread(message_id, in_reply_to, references, proof.ticket_ids, mentioned), proof.is_spoofed


def _judge_road(
    headers: Headers, sender: Address, author: Author, thread: Thread, house: House, flags: dict[str, None]
) -> None:
    is_own = bool(sender.email) and house.is_ours(without_tag(sender.email))
    if is_own and author.email == sender.email:
        # A colleague in the shared mailbox; a form that writes in its name has a person in Reply-To.
        flags[OWN_ADDRESS] = None
    carries_our_mark = house.tokens.instance_id in (value.strip() for value in headers.raw_all(_LOOP_FIELD))
    if carries_our_mark or (is_own and house.tokens.is_own_message_id(thread.message_id)):
        flags[LOOP] = None
    if headers.count("received") > MAX_HOPS:
        flags[TOO_MANY_HOPS] = None


def _recipients(headers: Headers, flags: dict[str, None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in ("to", "cc"):
        raws = headers.raw_all(name)
        raw = raws[0] if len(raws) == 1 else ", ".join(raws)[:_MAX_FIELDS]
        if raw.count("@") > MAX_ADDRESSES:
            flags[TOO_MANY_RECIPIENTS] = None
        found.append(
            tuple(dict.fromkeys(one.email for one in parse_addresses(raw) if one.email)) if raw else ()
        )
    return found[0], found[1]


def _judge_structure(mail: Mail, flags: dict[str, None]) -> None:
    for defect in mail.defects:
        flags[TOO_MANY_PARTS if defect in (mime.TOO_MANY, mime.TOO_DEEP) else BROKEN_MIME] = None


# ------------------------------------------------------------------------------------------------------ what is in it


def _collect(part: Part, body: _Body) -> None:
    kind = part.mime_type
    if part.children or kind.startswith("multipart/"):
        _collect_children(part, body, kind)
        return
    disposition = part.headers.raw("content-disposition")
    name = _file_name(part, disposition)
    is_attached = disposition.lstrip()[:10].lower() == "attachment" or bool(name)
    if kind == "text/html" and not is_attached:
        body.pieces.append((None, _text_of(part, body)))
    elif kind == "text/plain" and not is_attached:
        body.pieces.append((_text_of(part, body), None))
    elif part.start < part.end or is_attached:
        body.files.append((part, name))


def _collect_children(part: Part, body: _Body, kind: str) -> None:
    if kind == "multipart/encrypted":
        body.flags[ENCRYPTED] = None
    if kind != "multipart/alternative":
        for child in part.children:
            _collect(child, body)
        return
    # Of the same thing said several ways, one text and the richest HTML are kept; invitations stay files.
    texts: list[str] = []
    rich: list[str] = []
    for child in part.children:
        one = _Body(flags=body.flags)
        _collect(child, one)
        texts.extend(text for text, _ in one.pieces if text and text.strip())
        found = [found for _, found in one.pieces if found]
        if found:
            rich = found if len(found) > 1 or not rich else rich[:-1] + found
        body.files.extend(one.files)
    if texts or rich:
        body.pieces.append((texts[0] if texts else None, "\n".join(rich) if rich else None))


def _text_of(part: Part, body: _Body) -> str:
    # What lies beyond is never shown.
    content = part.content()[:_MAX_TEXT_BYTES]
    charset = part.content_type.get("charset")
    if not charset and part.mime_type == "text/html":
        charset = _charset_in_html(content)
    text, is_guessed = charsets.decode(content, charset)
    if is_guessed:
        body.flags[GUESSED_CHARSET] = None
    return charsets.clean(text)


_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def _charset_in_html(content: bytes) -> str:
    match = _META_CHARSET.search(content[:4096])
    return match.group(1).decode("ascii") if match else ""


def _render(body: _Body) -> tuple[str, str, bool]:
    pieces = [piece for piece in body.pieces if (piece[0] or "").strip() or (piece[1] or "").strip()]
    is_cut = False
    texts: list[str] = []
    rich: list[str] = []
    has_html = any(found for _, found in pieces)
    for text, found in pieces:
        clean = ""
        if found:
            clean, was_cut = html.sanitise(found)
            is_cut = is_cut or was_cut
        if text is None or not text.strip():
            text = html.to_text(clean)
        texts.append(text.strip("\n").rstrip())
        if has_html:
            rich.append(clean if found else html.from_text(text))
    whole, was_cut = cut("\n\n".join(text for text in texts if text), html.MAX_BYTES)
    shown = "\n".join(rich)
    if len(shown.encode()) > html.MAX_BYTES:
        shown, _ = html.sanitise(shown)
        is_cut = True
    return whole, shown, is_cut or was_cut


def cut(text: str, limit: int) -> tuple[str, bool]:
    """The text within `limit` bytes of UTF-8, and whether something was cut off."""
    if len(text) * 4 <= limit:
        return text, False
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text, False
    return data[:limit].decode("utf-8", "ignore"), True


def _attachments(body: _Body, rich: str) -> list[AttachmentPart]:
    shown = {cid.strip() for cid in _CID.findall(rich)} if "cid:" in rich else set()
    files: list[AttachmentPart] = []
    for number, (part, name) in enumerate(body.files, 1):
        content_id = part.headers.text("content-id").strip().strip("<>").strip()[:500]
        mime_type = part.mime_type
        name = name or _default_name(part, mime_type, number)
        files.append(
            AttachmentPart(
                name, mime_type, part.content(), content_id, bool(content_id) and content_id in shown
            )
        )
    return files


def _file_name(part: Part, disposition: str) -> str:
    name = parse_parameterised(disposition).get("filename") if disposition else ""
    name = name or part.content_type.get("name")
    if not name:
        return ""
    name = _UNSAFE_NAME.sub("_", name.replace("\n", " ")).strip(" .")
    if len(name) > _MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[: _MAX_NAME - 12]}.{extension}" if dot and len(extension) <= 10 else name[:_MAX_NAME]
    return name


def _default_name(part: Part, mime_type: str, number: int) -> str:
    if mime_type == "message/rfc822":
        subject = parse_mail(part.content()[: 64 * 1024]).root.headers.text("subject")
        stem = _UNSAFE_NAME.sub("_", subject).strip(" .")[:80]
        return f"{stem or 'message'}.eml"
    if mime_type == "text/calendar":
        return "invite.ics"
    extension = _EXTENSIONS.get(mime_type)
    return f"part-{number}.{extension}" if extension else f"part-{number}"


def _first(addresses: Iterable[Address]) -> Address:
    named = Address("", "")
    for address in addresses:
        if address.email:
            return address
        named = address
    return named


def _is_binary(raw: bytes) -> bool:
    sample = raw[:4096]
    controls = sum(1 for byte in sample if byte < 9 or (13 < byte < 32 and byte != 27))
    return controls * 10 > len(sample)
