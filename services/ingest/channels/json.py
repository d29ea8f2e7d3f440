"""JSON: other systems post messages to `POST /v1/channels/{channel_id}/messages`.

Answers are not sent back by this channel: the other system reads them by the API (TicketsService.WatchTickets).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import phonenumbers
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from services.ingest.application.ports import Inbox
from services.ingest.domain import charsets
from services.ingest.domain.addresses import normalise
from services.ingest.domain.body import cut
from services.ingest.domain.channel import ServerCheck
from services.ingest.domain.errors import CannotRead, InvalidBody
from services.ingest.domain.history import Earlier
from services.ingest.domain.intake import DedupeKey, Envelope
from services.ingest.domain.lists import NO_LISTS
from services.ingest.domain.received import AttachmentPart, Author, ReceivedMessage, StoredAttachment, Thread
from services.ingest.domain.sending import Composed, OutgoingFile, Reply, SendResult, Sent

KIND = "json"

MAX_TEXT = 256 * 1024


class Settings(BaseModel):
    """A key with which another system posts messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_region: str = Field(
        "", max_length=2, description="Country (ISO 3166) of phone numbers without a +."
    )
    size_limit_mb: int = Field(default=10, ge=1, le=50, description="Larger bodies are refused with 413.")


# ---------------------------------------------------------------------------------------------------- the body


def _is_email(value: str) -> str:
    found = normalise(value)
    if not found or any(character.isspace() for character in found) or "." not in found.rpartition("@")[2]:
        raise ValueError("an address such as anna@example.com")
    return found


def _is_base64(value: str) -> str:
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ValueError("base64") from None
    return value


Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
# The parser knows NaN and Infinity, which JSON does not have.
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class AuthorBody(BaseModel):
    """Who wrote; one of external_id, email and phone must be there."""

    model_config = ConfigDict(extra="forbid")

    external_id: Short | None = Field(None, description="The person's id in the other system.")
    name: Short | None = None
    email: Annotated[str, StringConstraints(max_length=320), AfterValidator(_is_email)] | None = None
    phone: Short | None = Field(
        None, description="E.164, or national where the channel has a default region."
    )

    @model_validator(mode="after")
    def _has_identity(self) -> "AuthorBody":
        if not (self.external_id or self.email or self.phone):
            raise ValueError("one of external_id, email and phone")
        return self


class AttachmentBody(BaseModel):
    """A file: its bytes here, or the id of one that was uploaded before."""

    model_config = ConfigDict(extra="forbid")

    upload_id: Name | None = Field(None, description="Answered by IngestService.WriteAttachment.")
    name: Name | None = None
    mime_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=200)] | None = None
    content: Annotated[str, AfterValidator(_is_base64)] | None = Field(None, description="base64")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "AttachmentBody":
        if (self.upload_id is None) == (self.content is None):
            raise ValueError("either upload_id or content")
        if self.content is not None and self.name is None:
            raise ValueError("a name beside content")
        return self


class MessageBody(BaseModel):
    """One message from outside."""

    model_config = ConfigDict(extra="forbid")

    client_message_id: Name | None = Field(
        None,
        description="The sender's id of the message, the same as Idempotency-Key: posted again it stays one message.",
    )
    conversation_id: Name | None = Field(
        None, description="Messages of one conversation become one ticket; without it each opens its own."
    )
    author: AuthorBody
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] = ""
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    attachments: list[AttachmentBody] = Field(default_factory=list, max_length=50)
    fields: dict[Name, Annotated[str, StringConstraints(max_length=5000)] | int | Finite | bool] = Field(
        default_factory=dict, max_length=100, description="Fields of the sender's form."
    )
    page_url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://\S+$")] | None = None
    sent_at: AwareDatetime | None = Field(None, description="The sender's clock, for display.")

    @model_validator(mode="after")
    def _says_something(self) -> "MessageBody":
        if not self.text.strip() and not self.attachments:
            raise ValueError("text, or at least one attachment")
        return self


# ------------------------------------------------------------------------------------------------- the channel


def build(settings: Settings, inbox: Inbox) -> "JsonChannel":
    """A JSON channel at work."""
    return JsonChannel(settings, inbox)


class JsonChannel:
    """Reads posted messages."""

    sends = False
    quotes_history = False
    sends_per_minute = 0
    is_posted_to = True
    remote = None
    lists_for_all = NO_LISTS

    def __init__(self, settings: Settings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self.size_limit = settings.size_limit_mb * 1024 * 1024

    def addresses(self) -> Iterable[str]:
        return ()

    def check(self, raw: bytes, idempotency_key: str) -> MessageBody:
        """The body, valid in every field, the phone as E.164. Raises InvalidBody with all mistakes."""
        try:
            body = MessageBody.model_validate_json(raw)
        except ValidationError as error:
            found = [_mistake(dict(one)) for one in error.errors(include_url=False)]
            # A value that is none of several types is one mistake.
            raise InvalidBody(list(dict.fromkeys(found))) from None
        if idempotency_key and body.client_message_id and body.client_message_id != idempotency_key:
            raise InvalidBody([("client_message_id", "the same as Idempotency-Key, or nothing")])
        if body.author.phone:
            body.author.phone = self._phone(body.author.phone)
            if not body.author.phone:
                raise InvalidBody([("author.phone", "a phone number such as +79211234567")])
        return body

    def check_posted(self, raw: bytes, idempotency_key: str) -> Sequence[str]:
        """The ids of files that the body names and that must be there. Raises InvalidBody with all mistakes."""
        return [one.upload_id or "" for one in self.check(raw, idempotency_key).attachments]

    def dedupe(self, raw: bytes, envelope: Envelope) -> DedupeKey:
        """By Idempotency-Key or client_message_id; a repeat may differ in its bytes, not in what it says."""
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return DedupeKey(envelope.idempotency_key, hashlib.sha256(raw).hexdigest())
        named = body.get("client_message_id")
        provider_id = envelope.idempotency_key or (named.strip() if isinstance(named, str) else "")
        said = {name: value for name, value in body.items() if name not in ("sent_at", "client_message_id")}
        return DedupeKey(
            provider_id, hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
        )

    def read(self, raw: bytes, envelope: Envelope) -> ReceivedMessage:
        """The message that the body is. Raises CannotRead."""
        try:
            body = self.check(raw, envelope.idempotency_key)
        except InvalidBody as error:
            raise CannotRead(f"the body is not valid: {error}"[:500]) from None
        text, is_truncated = cut(charsets.clean(body.text), MAX_TEXT)
        fields = {name: _field_text(value) for name, value in body.fields.items()}
        if body.page_url:
            fields.setdefault("page_url", body.page_url)
        files, stored = _files(body.attachments)
        return ReceivedMessage(
            author=Author(
                name=body.author.name or "",
                email=body.author.email or "",
                phone=body.author.phone or "",
                external_id=body.author.external_id or "",
            ),
            subject=charsets.clean(body.subject or "").replace("\n", " "),
            text=text,
            is_truncated=is_truncated,
            sent_at=body.sent_at.astimezone(UTC) if body.sent_at else None,
            attachments=files,
            stored=stored,
            thread=Thread(
                message_id=body.client_message_id or envelope.idempotency_key,
                conversation_id=body.conversation_id or "",
            ),
            fields=fields,
        )

    def compose(
        self,
        reply: Reply,
        recipient: str,
        files: Sequence[OutgoingFile],
        earlier: Sequence[Earlier],
        now: datetime,
    ) -> Composed:
        """Nothing leaves by this channel."""
        return Composed(b"", recipient, "", "")

    def check_servers(self) -> Sequence[ServerCheck]:
        """It signs in nowhere."""
        return ()

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        """Nothing leaves by this channel."""
        return SendResult(Sent.PERMANENT, "answers on this channel are read by the API")

    def _phone(self, raw: str) -> str:
        try:
            parsed = phonenumbers.parse(raw, self._settings.default_region.upper() or None)
        except phonenumbers.NumberParseException:
            return ""
        if not phonenumbers.is_possible_number(parsed):
            return ""
        return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _files(
    attachments: Sequence[AttachmentBody],
) -> tuple[tuple[AttachmentPart, ...], tuple[StoredAttachment, ...]]:
    here = tuple(
        AttachmentPart(
            one.name or "file", one.mime_type or "application/octet-stream", base64.b64decode(one.content)
        )
        for one in attachments
        if one.content is not None
    )
    stored = tuple(
        StoredAttachment(one.upload_id, one.name or "", one.mime_type or "", 0)
        for one in attachments
        if one.upload_id is not None
    )
    return here, stored


def _field_text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return charsets.clean(str(value))


def _mistake(found: dict[str, Any]) -> tuple[str, str]:
    place = ".".join(str(part) for part in found["loc"])
    kind, text = found["type"], str(found["msg"])
    if kind == "json_invalid":
        return "", f"a JSON object: {text}"
    if not place and kind != "value_error":
        return "", "a JSON object"
    if kind == "extra_forbidden":
        return place, "no such field"
    if found["loc"][:1] == ("fields",) and len(found["loc"]) > 2 and found["loc"][2] != "[key]":
        return f"fields.{found['loc'][1]}", "a text of at most 5000 characters, a number, true or false"
    if kind == "value_error":
        text = text.removeprefix("Value error, ")
        return place or "text", text
    return place, text[:1].lower() + text[1:]
