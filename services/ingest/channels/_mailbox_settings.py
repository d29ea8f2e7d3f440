"""What a mailbox can be told, and what of it makes no sense."""

import re
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.ingest.channels._lists import EntryList
from services.ingest.channels._patterns import Patterns, PatternSettings
from services.ingest.channels._tokens import ClientId, Provider, RefreshSecret, Scopes, Tenant, TokenUrl
from services.ingest.channels._values import Texts
from services.ingest.domain import signature
from services.ingest.domain.lists import entries_of

_REOPEN = re.compile(r"reopen:([1-9]\d{0,2}|[12]\d{3}|3[0-5]\d\d|36[0-4]\d|3650)")
_EVER = timedelta(days=36_500)
_ADDRESS = re.compile(r"[^\s@<>,;:\"()]{1,64}@[^\s@<>,;:\"()]{1,255}")


class Settings(BaseModel):
    """A mailbox. Values come as text; lists are separated by commas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str = Field(
        description="The mailbox: mail to it becomes tickets, and answers leave in its name.",
        examples=["support@example.com"],
    )
    aliases: Texts = Field(default=(), description="More addresses that lead to the same mailbox.")
    display_name: str = Field(default="", max_length=100, description="The name in From of what leaves.")
    domain: str = Field(
        default="", description="Domain of our own Message-IDs; the address's domain where empty."
    )
    form_senders: Texts = Field(
        (), description="Addresses in whose name web forms write: the person is then in Reply-To."
    )
    authserv_id: Texts = Field(
        (),
        description="Name that our own mail server writes into Authentication-Results; none where it writes no name.",
    )
    mail_patterns: Patterns = Field(
        (),
        description="How mails of forms, marketplaces and payment systems are read: a list in YAML, see docs/email.md.",
    )
    allow_list: EntryList = Field(
        (),
        description="Never blocked or spam: addresses, domains, header fields; a line or comma between them.",
    )
    block_list: EntryList = Field(
        (),
        description="Kept in the ledger and read by nobody: addresses, domains, X-Field: value, dmarc=fail.",
    )
    spam_list: EntryList = Field(
        (), description="Becomes a spam ticket: addresses, domains, X-Field: value, dmarc=fail."
    )
    lists_for_all: bool = Field(
        default=False, description="Whether these lists hold for every mailbox, after its own."
    )
    company_lists: bool = Field(
        default=True, description="Whether the lists that other mailboxes keep for all hold for this one too."
    )
    reply_to_closed: str = Field(
        default="new_ticket",
        description="What an answer to a closed ticket does: new_ticket, reopen, or reopen:DAYS.",
    )
    match_ids: Literal["always", "with_subject"] = Field(
        "always",
        description="Whether another's Message-ID leads to its ticket, or only along with its subject.",
    )
    agents_answer: Literal["note", "public"] = Field(
        "note",
        description="What an agent's mail is: a note, or, where authserv_id proves its sender, an answer.",
    )
    hidden_mark: bool = Field(
        default=True,
        description="Whether answers name their ticket where nobody sees it, for programs that drop all else.",
    )
    signature: str = Field(
        default="",
        max_length=8000,
        description="Below every answer: text or simple HTML, with {agent.name} and {ticket.number}.",
    )
    quote_history: Literal["none", "last", "thread"] = Field(
        "none", description="What an answer repeats: nothing, the message it answers, or the conversation."
    )
    quote_limit_kb: int = Field(default=32, ge=1, le=256, description="No more than this of it is repeated.")
    language: Literal["en", "pt", "ru"] = Field(
        "en", description="Language of the line that says who wrote what is repeated, and when."
    )
    time_zone: str = Field(
        default="UTC", description="Where the hours in that line are, such as America/Sao_Paulo."
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
    smtp_password_secret: str = Field(
        default="", description="Name of the mounted secret with the password; empty for tokens."
    )
    smtp_timeout_seconds: int = Field(
        30, ge=1, le=300, description="Longest wait for one answer of the server."
    )
    sends_per_minute: int = Field(
        0, ge=0, le=6000, description="What is over it waits for its turn; 0 where the provider has no bound."
    )
    smtp_keep_seconds: int = Field(
        5, ge=0, le=60, description="How long a connection waits for the next mail; 0 ends it after each."
    )

    oauth_provider: Provider = Field(
        "none", description="Who gives tokens to sign in with, where a server has no password here."
    )
    oauth_tenant: Tenant = Field(
        default="", validate_default=True, description="Id or domain of the organisation at Microsoft."
    )
    oauth_client_id: ClientId = Field(
        default="", validate_default=True, description="Id of the application that is registered there."
    )
    oauth_client_secret: str = Field(
        default="", description="Name of the mounted secret with the application's secret."
    )
    oauth_refresh_secret: RefreshSecret = Field(
        default="",
        validate_default=True,
        description="The same with a refresh token; empty where a Microsoft application acts for itself.",
    )
    oauth_url: TokenUrl = Field(
        default="", description="Where tokens are asked for; the provider's own place where empty."
    )
    oauth_scopes: Scopes = Field(
        default=(), description="What tokens are asked for; what mail needs where empty."
    )

    imap_host: str = Field(
        default="", description="Server to fetch mail from; where empty mail is brought by SMTP or LMTP."
    )
    imap_port: int = Field(
        default=993, ge=1, le=65535, description="Its port: 993 (tls) or 143 (starttls, none)."
    )
    imap_security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the connection is protected; certificates are checked."
    )
    imap_user: str = Field(default="", description="Login at that server; the address where empty.")
    imap_password_secret: str = Field(
        default="",
        validate_default=True,
        description="Name of the mounted secret with the password; empty for tokens.",
    )
    imap_folder: str = Field(
        default="INBOX", min_length=1, max_length=200, description="The folder that is fetched."
    )
    imap_after: str = Field(
        default="leave",
        description="What becomes of a mail on the server once it is kept: leave, seen, delete, or move:FOLDER.",
    )
    imap_timeout_seconds: int = Field(
        30, ge=1, le=300, description="Longest wait for one answer of that server."
    )

    @field_validator("imap_password_secret")
    @classmethod
    def _is_given_with_a_server(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("imap_host") and not value and info.data.get("oauth_provider", "none") == "none":
            raise ValueError("a secret's name, where imap_host is given")
        return value

    @field_validator("imap_after")
    @classmethod
    def _is_known_after(cls, value: str, info: ValidationInfo) -> str:
        folder = value.removeprefix("move:").strip() if value.startswith("move:") else ""
        if value not in ("leave", "seen", "delete") and not folder:
            raise ValueError("leave, seen, delete, or move:FOLDER")
        if folder and folder == info.data.get("imap_folder"):
            raise ValueError("another folder than imap_folder")
        return value

    @field_validator("authserv_id")
    @classmethod
    def _are_servers(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(value.lower() for value in values)

    @field_validator("mail_patterns")
    @classmethod
    def _can_prove(
        cls, values: tuple[PatternSettings, ...], info: ValidationInfo
    ) -> tuple[PatternSettings, ...]:
        if any(one.proven for one in values) and not info.data.get("authserv_id"):
            raise ValueError("proven only where authserv_id names the server that is believed")
        return values

    @field_validator("allow_list", "block_list", "spam_list")
    @classmethod
    def _are_entries(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if entries_of(values).statements and not info.data.get("authserv_id"):
            raise ValueError("results as dmarc=fail only where authserv_id names the server that is believed")
        return values

    @field_validator("agents_answer")
    @classmethod
    def _can_be_proven(cls, value: str, info: ValidationInfo) -> str:
        if value == "public" and not info.data.get("authserv_id"):
            raise ValueError("public only where authserv_id names the server that is believed")
        return value

    @field_validator("reply_to_closed")
    @classmethod
    def _is_known_reply(cls, value: str) -> str:
        if value not in ("new_ticket", "reopen") and not _REOPEN.fullmatch(value):
            raise ValueError("new_ticket, reopen, or reopen:DAYS with 1 to 3650 days")
        return value

    @property
    def reopens_within(self) -> timedelta | None:
        """How long after its closing an answer opens a ticket again; None where it never does."""
        if self.reply_to_closed == "new_ticket":
            return None
        days = self.reply_to_closed.partition(":")[2]
        return timedelta(days=int(days)) if days else _EVER

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value.strip()):
            raise ValueError("an address such as support@example.com")
        return value.strip()

    @field_validator("signature")
    @classmethod
    def _is_signature(cls, value: str) -> str:
        if signature.unknown_placeholders(value):
            raise ValueError(
                f"no placeholders but {', '.join(f'{{{name}}}' for name in signature.PLACEHOLDERS)}"
            )
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("a time zone such as Europe/Moscow") from None
        return value

    @field_validator("aliases", "form_senders")
    @classmethod
    def _are_addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not _ADDRESS.fullmatch(value):
                raise ValueError("addresses such as help@example.com, separated by commas")
        return values
