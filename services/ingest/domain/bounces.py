"""Reports that a mail of ours did not arrive."""

import re
from collections.abc import Collection
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message

from flufl.bounce import all_failures

from services.ingest.domain.addresses import normalise
from services.ingest.domain.charsets import clean, decode
from services.ingest.domain.headers import Headers, decode_words, message_ids, parse_fields
from services.ingest.domain.mime import Mail, Part, parse_mail
from services.ingest.domain.received import Bounce
from services.ingest.domain.status_code import status_code

_DAEMONS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon")
_ENCLOSED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_REPLY_CODE = re.compile(r"\b([45])\d\d[ -]")
_OWN_ID = re.compile(rb"<t\.[0-9a-z]{1,64}\.[0-9a-z]{1,64}\.[0-9a-f]{16}@[^<>\s]+>", re.IGNORECASE)
_ID_FIELD = re.compile(rb"^Message-ID:\s*(<[^<>\s]+>)", re.MULTILINE | re.IGNORECASE)
# What the detectors for old servers may look at.
_SCAN_BYTES = 64 * 1024
# A header with raw 8-bit bytes is no text to the standard library, which trips detectors that expect one.
_SEVEN_BIT = bytes(code if code < 128 else ord("?") for code in range(256))


def find_bounce(mail: Mail, raw: bytes, envelope_sender: str | None, author_email: str) -> Bounce | None:
    """What a report says of our mail; None where the mail is no bounce.

    A read receipt (disposition-notification) and a complaint (feedback-report) are not bounces.
    """
    headers = mail.root.headers
    report_type = mail.root.content_type.get("report-type").lower()
    if report_type in ("disposition-notification", "feedback-report"):
        return None
    status = next(
        iter(_parts_of(mail.root, ("message/delivery-status", "message/global-delivery-status"))), None
    )
    is_report = mail.root.mime_type == "multipart/report" and (
        report_type == "delivery-status" or status is not None
    )
    if not is_report and not _looks_returned(mail, headers, envelope_sender, author_email):
        return None
    original = _original_id(mail, raw)
    found = _from_status(status, original) if status is not None else None
    if found is None:
        found = _from_old_servers(headers, raw, original)
    if found is None and is_report:
        found = Bounce(kind="hard", reason="the report names no recipient", original_message_id=original)
    return found


def _looks_returned(mail: Mail, headers: Headers, envelope_sender: str | None, author_email: str) -> bool:
    is_daemon = author_email.partition("@")[0] in _DAEMONS
    has_no_sender = envelope_sender == "" or "".join(headers.raw("return-path").split()) == "<>"
    encloses = bool(_parts_of(mail.root, ("message/rfc822", "text/rfc822-headers")))
    if headers.raw("auto-submitted").lower().startswith("auto-replied") and not is_daemon:
        # Out of office with an empty sender, as RFC 3834 wants it.
        return False
    if has_no_sender:
        return (
            is_daemon
            or headers.has("x-failed-recipients")
            or (encloses and mail.root.mime_type != "multipart/signed")
        )
    return is_daemon and (headers.has("x-failed-recipients") or envelope_sender is None)


def _from_status(part: Part, original: str) -> Bounce | None:
    text = part.content().replace(b"\r\n", b"\n")
    blocks = [parse_fields(block) for block in re.split(rb"\n[ \t]*\n", text[:_SCAN_BYTES].strip())]
    reports = [block for block in blocks if block.has("action") or block.has("final-recipient")]
    failed = [block for block in reports if block.raw("action").strip().lower().startswith("fail")]
    delayed = [block for block in reports if block.raw("action").strip().lower().startswith("delay")]
    chosen = next(iter(failed or delayed), None)
    if chosen is None:
        # Relayed, delivered or expanded: the mail did arrive somewhere. Without any action it is still a failure.
        chosen = next((block for block in reports if not block.has("action")), None)
    if chosen is None:
        return None
    code = _most_telling(status_code(chosen.raw("status")), status_code(chosen.raw("diagnostic-code")))
    reason = decode_words(
        chosen.raw("diagnostic-code").partition(";")[2].strip() or chosen.raw("diagnostic-code")
    )
    is_soft = code.startswith("4") or (not failed and bool(delayed))
    recipient = chosen.raw("final-recipient") or chosen.raw("original-recipient")
    return Bounce(
        failed_recipient=normalise(clean(recipient.rpartition(";")[2])),
        kind="soft" if is_soft else "hard",
        code=code,
        reason=" ".join(clean(reason).split())[:500],
        original_message_id=original,
    )


def _most_telling(status: str, said: str) -> str:
    # Servers that have no code for it say 5.0.0, which is none, and quote the other server's, which is one.
    return said if said and (not status or (status.endswith(".0.0") and status[0] == said[0])) else status


def _from_old_servers(headers: Headers, raw: bytes, original: str) -> Bounce | None:
    sample = raw[:_SCAN_BYTES]
    text = clean(decode(sample, "utf-8")[0])
    named = normalise(clean(headers.raw("x-failed-recipients").partition(",")[0]))
    temporary: Collection[bytes] = ()
    permanent: Collection[bytes] = ()
    if not named:
        try:
            temporary, permanent = all_failures(_for_detectors(sample))
        except (
            MessageError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            AssertionError,
            RecursionError,
        ):
            # Thirty detectors for thirty servers: one that trips must not cost the mail.
            temporary, permanent = (), ()
        found = sorted(permanent) or sorted(temporary)
        named = normalise(clean(found[0].decode("utf-8", "replace"))) if found else ""
    if not named and not original:
        return None
    code = status_code(text)
    reply = _REPLY_CODE.search(text)
    is_soft = (
        code.startswith("4")
        if code
        else bool(temporary and not permanent) or bool(reply and reply.group(1) == "4")
    )
    return Bounce(named, "soft" if is_soft else "hard", code, _line_with(text, code, named), original)


def _for_detectors(sample: bytes) -> Message:
    message = message_from_bytes(sample.translate(_SEVEN_BIT))
    # It named nobody, or they would not be asked. Older libraries read an empty one as an address without a letter.
    del message["X-Failed-Recipients"]
    if not message.get("from", "").strip():
        # One of them takes for granted that there is an author, and those behind it would never be asked.
        del message["From"]
        message["From"] = "mailer-daemon"
    return message


def _line_with(text: str, code: str, recipient: str) -> str:
    for wanted in (code, recipient):
        if wanted:
            for line in text.split("\n"):
                if wanted in line and not line.lower().startswith(("to:", "x-failed-recipients:", "status:")):
                    return " ".join(line.split())[:500]
    return ""


def _original_id(mail: Mail, raw: bytes) -> str:
    for part in _parts_of(mail.root, _ENCLOSED):
        content = part.content()
        enclosed = parse_mail(content[:_SCAN_BYTES]).root.headers
        if identifiers := message_ids(enclosed.raw("message-id")):
            return identifiers[0]
        if match := _ID_FIELD.search(content):
            return match.group(1).decode("ascii", "replace")
    # Old servers quote the original in the text.
    own_ids = set(message_ids(mail.root.headers.raw("message-id")))
    body = raw[mail.root.start : mail.root.start + _SCAN_BYTES]
    for pattern in (_OWN_ID, _ID_FIELD):
        for match in pattern.finditer(body):
            identifier = match.group(match.lastindex or 0).decode("ascii", "replace")
            if identifier not in own_ids:
                return identifier
    return next(iter(message_ids(mail.root.headers.raw("in-reply-to"))), "")


def _parts_of(root: Part, mime_types: tuple[str, ...]) -> list[Part]:
    found: list[Part] = []
    waiting = [root]
    while waiting:
        part = waiting.pop(0)
        if part.mime_type in mime_types:
            found.append(part)
        waiting.extend(part.children)
    return found
