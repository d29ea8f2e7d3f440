"""E-mail: a mailbox that receives by SMTP or LMTP and answers by SMTP.

Threading, loop and automatic-mail headers follow RFC 5322 and RFC 3834; what each field of an incoming mail means
stands in domain/mail.py.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from services.ingest.application.ports import Inbox
from services.ingest.domain import html
from services.ingest.domain.addresses import normalise
from services.ingest.domain.errors import InvalidBody
from services.ingest.domain.intake import DedupeKey, Envelope, mail_dedupe_key
from services.ingest.domain.mail import LOOP_HEADER, House, read_mail
from services.ingest.domain.received import ReceivedMessage
from services.ingest.domain.sending import Composed, OutgoingFile, Reply, SendResult, Sent

KIND = "email"

_ADDRESS = re.compile(r"[^\s@<>,;:\"()]{1,64}@[^\s@<>,;:\"()]{1,255}")
_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
_LINE_BREAK = re.compile(r"[\r\n]+")


def _split(value: object) -> object:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


Addresses = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """A mailbox. Values come as text; lists are separated by commas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str = Field(
        description="The mailbox: mail to it becomes tickets, and answers leave in its name.",
        examples=["support@example.com"],
    )
    aliases: Addresses = Field(default=(), description="More addresses that lead to the same mailbox.")
    display_name: str = Field(default="", max_length=100, description="The name in From of what leaves.")
    domain: str = Field(
        default="", description="Domain of our own Message-IDs; the address's domain where empty."
    )
    form_senders: Addresses = Field(
        (), description="Addresses in whose name web forms write: the person is then in Reply-To."
    )
    size_limit_mb: int = Field(default=35, ge=1, le=150, description="Larger mails are refused with 552.")
    smtp_host: str = Field(
        default="", description="Server for what leaves; where empty the mailbox only receives."
    )
    smtp_port: int = Field(
        default=25, ge=1, le=65535, description="Its port: 25, 465 (tls) or 587 (starttls)."
    )
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How the connection is protected."
    )
    smtp_user: str = Field(default="", description="Login; none is tried where empty.")
    smtp_password_secret: str = Field(default="", description="Name of the mounted secret with the password.")
    smtp_timeout_seconds: int = Field(
        30, ge=1, le=300, description="Longest wait for one answer of the server."
    )

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value.strip()):
            raise ValueError("an address such as support@example.com")
        return value.strip()

    @field_validator("aliases", "form_senders")
    @classmethod
    def _are_addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not _ADDRESS.fullmatch(value):
                raise ValueError("addresses such as help@example.com, separated by commas")
        return values


def build(settings: Settings, inbox: Inbox) -> "Mailbox":
    """A mailbox at work."""
    return Mailbox(settings, inbox)


class _Identifiers:
    """A field of Message-IDs, one on a line: the library would wrap a long one into encoded words, which no client reads."""

    max_count = 1
    name: str

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """What the library's registry asks of a kind of header."""
        kwds["parse_tree"] = None
        kwds["decoded"] = str(value)

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


def _policy() -> "EmailPolicy[EmailMessage]":
    registry = HeaderRegistry()
    for name in ("message-id", "in-reply-to", "references"):
        registry.map_to_type(name, _Identifiers)  # type: ignore[arg-type]
    return SMTP.clone(header_factory=registry)


_POLICY = _policy()


class Mailbox:
    """Reads what came to one mailbox and sends in its name."""

    is_posted_to = False

    def __init__(self, settings: Settings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self._domain = settings.domain or settings.address.rpartition("@")[2]
        self._house = House(
            inbox.tokens, inbox.is_ours, frozenset(normalise(sender) for sender in settings.form_senders)
        )
        self.sends = bool(settings.smtp_host)
        self.size_limit = settings.size_limit_mb * 1024 * 1024

    def addresses(self) -> Iterable[str]:
        return [normalise(address) for address in (self._settings.address, *self._settings.aliases)]

    def check_posted(self, raw: bytes, idempotency_key: str) -> Sequence[str]:
        """Nothing is posted to a mailbox."""
        raise InvalidBody([("", "for this channel: mail comes by SMTP")])

    def dedupe(self, raw: bytes, envelope: Envelope) -> DedupeKey:
        return mail_dedupe_key(raw)

    def read(self, raw: bytes, envelope: Envelope) -> ReceivedMessage:
        """The message that the mail is. Raises CannotRead."""
        return read_mail(raw, envelope.sender, self._house)

    def compose(self, reply: Reply, recipient: str, files: Sequence[OutgoingFile], now: datetime) -> Composed:
        """The mail for one recipient; composed again it has the same Message-ID."""
        own, tokens = self._settings.address, self._inbox.tokens
        message_id = tokens.message_id(reply.ticket_id, reply.message_id, self._domain)
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = _named(self._settings.display_name, own)
        mail["To"] = ", ".join(reply.to) if reply.to else recipient
        if reply.cc:
            mail["Cc"] = ", ".join(reply.cc)
        mail["Reply-To"] = _named(self._settings.display_name, tokens.reply_address(own, reply.ticket_id))
        mail["Subject"] = _one_line(reply.subject)
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = message_id
        if reply.in_reply_to:
            mail["In-Reply-To"] = _one_line(reply.in_reply_to)
        if references := _references(reply):
            mail["References"] = " ".join(references)
        mail[LOOP_HEADER] = tokens.instance_id
        if reply.is_automatic:
            mail["Auto-Submitted"] = "auto-replied"
            mail["X-Auto-Response-Suppress"] = "All"
            mail["Precedence"] = "auto_reply"
        mail.set_content(reply.text or "\n", charset="utf-8")
        mail.add_alternative(f"<html><body>{html.from_text(reply.text)}</body></html>", subtype="html")
        for file in files:
            kind, _, subtype = file.mime_type.partition("/")
            if not subtype or kind in ("message", "multipart", "text"):
                # Kept whole: re-encoding text or a mail could change it.
                kind, subtype = "application", "octet-stream"
            mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=_one_line(file.name))
        # An automatic answer must never be answered by a bounce (RFC 3834, 3.3).
        return Composed(mail.as_bytes(), recipient, "" if reply.is_automatic else own, message_id)

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        """Hand the mail to the server once."""
        settings = self._settings
        try:
            server = self._connect()
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except KeyError:
            return SendResult(Sent.TEMPORARY, f"the secret {settings.smtp_password_secret} is not mounted")
        except (OSError, smtplib.SMTPException) as error:
            return SendResult(Sent.TEMPORARY, f"no connection to the mail server: {_describe(error)}")
        try:
            return _hand_over(server, composed, before_data)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        wait = settings.smtp_timeout_seconds
        server: smtplib.SMTP
        if settings.smtp_security == "tls":
            server = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=wait, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=wait)
        try:
            server.ehlo_or_helo_if_needed()
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if settings.smtp_user:
                server.login(settings.smtp_user, self._inbox.secret(settings.smtp_password_secret))
        except BaseException:
            server.close()
            raise
        return server


def _hand_over(server: smtplib.SMTP, composed: Composed, before_data: Callable[[], None]) -> SendResult:
    try:
        options = ["SMTPUTF8"] if not composed.recipient.isascii() and server.has_extn("smtputf8") else []
        code, text = server.mail(composed.sender, options)
        if code != 250:
            return _refused(code, text)
        code, text = server.rcpt(composed.recipient)
        if code not in (250, 251):
            return _refused(code, text)
    except UnicodeEncodeError:
        return SendResult(Sent.PERMANENT, "the mail server takes no such address (no SMTPUTF8)")
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(
            Sent.TEMPORARY, f"the connection broke before the mail was handed over: {_describe(error)}"
        )
    before_data()
    try:
        code, text = server.docmd("DATA")
        if code != 354:
            return _refused(code, text)
        data = _LINE_START_DOT.sub(b"..", composed.data)
        server.send(data if data.endswith(b"\r\n") else data + b"\r\n")
        server.send(b".\r\n")
        code, text = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return SendResult(
            Sent.UNKNOWN, f"the connection broke before the server said yes: {_describe(error)}"
        )
    if code == 250:
        return SendResult(Sent.SENT, _answer(code, text))
    return _refused(code, text)


def _refused(code: int, text: bytes | str) -> SendResult:
    return SendResult(Sent.PERMANENT if 500 <= code < 600 else Sent.TEMPORARY, _answer(code, text))


def _answer(code: int, text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(shown.split())}"[:500]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _references(reply: Reply) -> list[str]:
    # The first and the newest: servers cut longer fields, and threads hang on both ends.
    known = list(dict.fromkeys(_one_line(found) for found in (*reply.references, reply.in_reply_to) if found))
    return known if len(known) <= 20 else [known[0], *known[-19:]]


def _named(name: str, address: str) -> Address | str:
    local, _, domain = address.rpartition("@")
    return Address(_one_line(name), local, domain) if name else address


def _one_line(text: str) -> str:
    return _LINE_BREAK.sub(" ", text)
