"""E-mail: a mailbox that receives by SMTP or LMTP, or is fetched by IMAP, and answers by SMTP.

What each field of an incoming mail means stands in domain/mail.py, what we write in domain/letter.py.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.ingest.application.ports import Inbox
from services.ingest.channels._mailbox_settings import Settings as Settings
from services.ingest.channels._smtp import Sender
from services.ingest.channels._smtp_server import Server
from services.ingest.domain import letter
from services.ingest.domain.addresses import normalise
from services.ingest.domain.channel import ServerCheck
from services.ingest.domain.errors import InvalidBody
from services.ingest.domain.fetching import RemoteMailbox
from services.ingest.domain.history import Earlier, Extent, Style
from services.ingest.domain.intake import DedupeKey, Envelope, mail_dedupe_key
from services.ingest.domain.lists import NO_LISTS, Lists, entries_of
from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.received import ReceivedMessage, Threading
from services.ingest.domain.sending import Composed, OutgoingFile, Reply, SendResult
from services.ingest.domain.sign_in import Bearer, TokenSource

KIND = "email"


def build(settings: Settings, inbox: Inbox) -> "Mailbox":
    """A mailbox at work."""
    return Mailbox(settings, inbox)


class Mailbox:
    """Reads what came to one mailbox and sends in its name."""

    is_posted_to = False

    def __init__(self, settings: Settings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        domain = settings.domain or settings.address.rpartition("@")[2]
        self._sender = letter.Sender(
            settings.address,
            settings.display_name,
            domain,
            settings.signature,
            Style(
                Extent(settings.quote_history),
                settings.language,
                ZoneInfo(settings.time_zone),
                settings.quote_limit_kb * 1024,
            ),
            settings.hidden_mark,
        )
        server = Server(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            password_secret=settings.smtp_password_secret,
            timeout_seconds=settings.smtp_timeout_seconds,
            secret=inbox.secret,
            addresses=inbox.addresses,
            keep_seconds=settings.smtp_keep_seconds,
            bearer=_bearer(settings, inbox, settings.smtp_password_secret),
        )
        self._server = Sender(server)
        lists = Lists(
            entries_of(settings.allow_list),
            entries_of(settings.block_list),
            entries_of(settings.spam_list),
            settings.authserv_id,
        )
        self.lists_for_all = (
            replace(lists, channel_id=inbox.channel_id) if settings.lists_for_all else NO_LISTS
        )
        self._house = House(
            inbox.tokens,
            inbox.is_ours,
            frozenset(normalise(sender) for sender in settings.form_senders),
            tuple(one.made() for one in settings.mail_patterns),
            lists,
            inbox.company_lists if settings.company_lists else tuple,
            Threading(settings.reopens_within, settings.match_ids == "with_subject"),
            settings.authserv_id if settings.agents_answer == "public" else (),
        )
        self.sends = bool(settings.smtp_host)
        self.sends_per_minute = settings.sends_per_minute
        self.quotes_history = settings.quote_history != "none"
        self.size_limit = settings.size_limit_mb * 1024 * 1024
        self.remote = _remote(settings, inbox) if settings.imap_host else None

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

    def compose(
        self,
        reply: Reply,
        recipient: str,
        files: Sequence[OutgoingFile],
        earlier: Sequence[Earlier],
        now: datetime,
    ) -> Composed:
        """The mail for one recipient; composed again it has the same Message-ID."""
        return letter.compose(reply, recipient, files, earlier, self._sender, self._inbox.tokens, now)

    def send(self, composed: Composed, before_data: Callable[[], None]) -> SendResult:
        """Hand the mail to the server once."""
        return self._server.send(composed, before_data)

    def check_servers(self) -> Sequence[ServerCheck]:
        """Sign in where the mailbox's mails leave."""
        return [self._server.check(self._settings.address)] if self.sends else []


def _remote(settings: Settings, inbox: Inbox) -> RemoteMailbox:
    return RemoteMailbox(
        host=settings.imap_host,
        port=settings.imap_port,
        security=settings.imap_security,
        user=settings.imap_user or settings.address,
        password=lambda: inbox.secret(settings.imap_password_secret),
        folder=settings.imap_folder,
        addresses=inbox.addresses,
        after=settings.imap_after,
        timeout=timedelta(seconds=settings.imap_timeout_seconds),
        address=settings.address,
        bearer=_bearer(settings, inbox, settings.imap_password_secret),
    )


def _bearer(settings: Settings, inbox: Inbox, password: str) -> Bearer | None:
    """Tokens to sign in with, where there are any and a server has no password of its own."""
    if settings.oauth_provider == "none" or password:
        return None
    source = TokenSource(
        provider=settings.oauth_provider,
        client_id=settings.oauth_client_id,
        client_secret=settings.oauth_client_secret,
        refresh_token=settings.oauth_refresh_secret,
        tenant=settings.oauth_tenant,
        url=settings.oauth_url,
        scopes=settings.oauth_scopes,
    )
    return inbox.bearer(source)
