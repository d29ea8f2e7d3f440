"""Files of a mail: what they are called, and which of them its text shows."""

import html as entities
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from services.ingest.domain.headers import parse_parameterised
from services.ingest.domain.mime import Part, parse_mail
from services.ingest.domain.received import AttachmentPart

_MAX_NAME = 200
# As the sanitiser writes it.
_CID = re.compile(r'src="cid:([^"]{1,500})"')
# Controls, and what a path or a shell gives a meaning to.
_UNSAFE_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029]+')
# Invisible characters: those that turn the direction make "gpj.exe" look like "exe.jpg".
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_EXTENSIONS = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png", "image/gif": "gif",
    "image/webp": "webp", "image/heic": "heic", "image/bmp": "bmp", "image/tiff": "tif", "image/svg+xml": "svg",
    "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/wav": "wav", "audio/amr": "amr", "video/mp4": "mp4",
    "video/quicktime": "mov", "text/calendar": "ics", "text/plain": "txt", "text/html": "html", "text/csv": "csv",
    "text/xml": "xml", "application/xml": "xml", "application/json": "json", "text/enriched": "txt",
    "application/zip": "zip", "text/vcard": "vcf", "text/x-vcard": "vcf", "application/msword": "doc",
    "application/vnd.ms-excel": "xls", "application/rtf": "rtf", "text/rtf": "rtf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/ms-tnef": "dat", "application/pgp-signature": "asc", "application/pgp-keys": "asc",
    "application/pgp-encrypted": "asc", "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m", "application/x-pkcs7-mime": "p7m",
    "message/rfc822": "eml", "message/global": "eml", "message/delivery-status": "txt",
    "message/disposition-notification": "txt", "message/feedback-report": "txt", "text/rfc822-headers": "txt",
}  # fmt: skip


@dataclass(slots=True)
class Found:
    """A file on its way to be an attachment."""

    # Safe; empty where nobody named it.
    name: str
    mime_type: str
    content: bytes = field(repr=False)
    content_id: str = ""


def found_part(part: Part, name: str) -> Found:
    """The file that a part of a mail is."""
    content_id = part.headers.text("content-id").strip().strip("<>").strip()[:500]
    return Found(name, part.mime_type, part.content(), content_id)


def file_name(part: Part, disposition: str) -> str:
    """The name that a part was given, safe to show and to save; empty where it has none."""
    name = parse_parameterised(disposition).get("filename") if disposition else ""
    name = name or part.content_type.get("name")
    return safe_name(name) if name else ""


def safe_name(name: str) -> str:
    """A file name without paths, controls and characters that nobody sees, of at most 200 characters."""
    if not name.isascii():
        name = _INVISIBLE.sub("", name)
    name = _UNSAFE_NAME.sub("_", name.replace("\n", " ")).strip(" .")
    if len(name) > _MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[: _MAX_NAME - 12]}.{extension}" if dot and len(extension) <= 10 else name[:_MAX_NAME]
    return name


def attachments(found: Sequence[Found], rich: str) -> list[AttachmentPart]:
    """The files with names for the nameless, and whether the HTML shows them."""
    shown = _shown(rich)
    return [
        AttachmentPart(
            file.name or _default_name(file, number),
            file.mime_type,
            file.content,
            file.content_id,
            bool(file.content_id) and unquote(file.content_id) in shown,
        )
        for number, file in enumerate(found, 1)
    ]


def _shown(rich: str) -> set[str]:
    if "cid:" not in rich:
        return set()
    return {entities.unescape(cid).strip() for cid in _CID.findall(rich)}


def _default_name(file: Found, number: int) -> str:
    mime_type = file.mime_type
    if mime_type in ("message/rfc822", "message/global"):
        subject = parse_mail(file.content[: 64 * 1024]).root.headers.text("subject")
        return f"{safe_name(subject)[:80] or 'message'}.eml"
    if mime_type == "text/calendar":
        return "invite.ics"
    extension = _EXTENSIONS.get(mime_type)
    return f"part-{number}.{extension}" if extension else f"part-{number}"
