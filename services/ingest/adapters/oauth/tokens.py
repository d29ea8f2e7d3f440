"""Access tokens that are asked for once, by one process, shortly before the last one ends."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from datetime import timedelta
from typing import Final

from chassis.clock import Clock, monotonic
from chassis.ids import new_id
from chassis.leases import Leases
from services.ingest.adapters.mongo.access_tokens import KeptToken, MongoAccessTokens
from services.ingest.adapters.oauth.providers import Refused
from services.ingest.domain.sign_in import Bearer, Issued, NoToken, TokenSource

Ask = Callable[[TokenSource, str, str], Issued]

# Another is asked for so long before the end, or in the last tenth of what lasts shorter.
_EARLY: Final = timedelta(minutes=5)
# A provider that said no is not asked again for every mail.
_ASK_AGAIN: Final = 30.0
# A token that is younger is not made better by another: the server refuses the user, not the token.
_YOUNG: Final = timedelta(minutes=5)
# Longer than both questions take, with the newest refresh token and with the given one: who asks with the same one again is
# taken for a thief by providers that change it each time (RFC 9700, 4.14.2).
_LEASE: Final = timedelta(seconds=75)
# How long to wait for what another process asked for, and how often to look.
_OTHERS: Final = 20.0
_LOOK: Final = 0.2


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: KeptToken | None = None
    refusal: str = ""
    refused_at: float = 0.0


class AccessTokens:
    """Shared by all mailboxes that ask the same source with the same secrets. Safe in any thread."""

    def __init__(
        self,
        kept: MongoAccessTokens,
        leases: Leases,
        clock: Clock,
        ask: Ask,
    ) -> None:
        self._kept = kept
        self._leases = leases
        self._clock = clock
        self._ask = ask
        self._never = threading.Event()
        self._owner = new_id()
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def of(self, source: TokenSource, secret: Callable[[str], str]) -> Bearer:
        """The tokens of a source; `secret` opens what the source only names, each time anew."""
        return _Bearer(self, source, secret)

    def token(self, source: TokenSource, client_secret: str, refresh_token: str) -> str:
        """One that is good now. Raises NoToken, Unavailable."""
        key = key_of(source, client_secret, refresh_token)
        entry = self._entry(key)
        # Whoever comes meanwhile waits for the same answer.
        with entry.lock:
            if not self._is_good(entry.kept):
                if entry.refusal and monotonic() - entry.refused_at < _ASK_AGAIN:
                    raise NoToken(entry.refusal)
                try:
                    entry.kept = self._renewed(key, source, client_secret, refresh_token)
                    entry.refusal = ""
                except NoToken as refusal:
                    entry.refusal, entry.refused_at = str(refusal), monotonic()
                    raise
            assert entry.kept is not None
            return entry.kept.access_token

    def refused(self, source: TokenSource, client_secret: str, refresh_token: str, token: str) -> None:
        """A server did not take it. Raises Unavailable."""
        key = key_of(source, client_secret, refresh_token)
        entry, now = self._entry(key), self._clock.now()
        with entry.lock:
            kept = entry.kept
            if kept is None or kept.access_token != token or now - kept.asked_at < _YOUNG:
                return
            entry.kept = None
            self._kept.end(key, kept.asked_at, now)

    def _entry(self, key: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(key, _Entry())

    def _is_good(self, kept: KeptToken | None) -> bool:
        return kept is not None and self._clock.now() < kept.good_until

    def _renewed(self, key: str, source: TokenSource, client_secret: str, refresh_token: str) -> KeptToken:
        ends = monotonic() + _OTHERS
        while True:
            kept = self._kept.find(key)
            if kept is not None and self._is_good(kept):
                return kept
            lease = self._leases.take(f"access-token:{key}", self._owner, _LEASE)
            if lease is not None:
                break
            if monotonic() > ends:
                raise NoToken("another process asks for a token and gets no answer")
            self._never.wait(_LOOK)
        try:
            # The one who had the lease before may have kept one since the look above.
            kept = self._kept.find(key)
            if kept is not None and self._is_good(kept):
                return kept
            now = self._clock.now()
            newest = kept.refresh_token if kept is not None else ""
            issued, asked_with = self._asked(source, client_secret, newest, refresh_token)
            early = min(_EARLY, issued.lasts / 10)
            renewed = KeptToken(
                issued.access_token, issued.refresh_token or asked_with, now, now + issued.lasts - early
            )
            self._kept.keep(key, renewed)
            return renewed
        finally:
            self._leases.give_back(lease)

    def _asked(self, source: TokenSource, client_secret: str, newest: str, given: str) -> tuple[Issued, str]:
        """With the newest refresh token, and where that is not good any more, with the one that was given to us."""
        if newest and newest != given:
            try:
                return self._ask(source, client_secret, newest), newest
            except Refused:
                pass
        return self._ask(source, client_secret, given), given


class _Bearer:
    def __init__(self, tokens: AccessTokens, source: TokenSource, secret: Callable[[str], str]) -> None:
        self._tokens = tokens
        self._source = source
        self._secret = secret

    def token(self) -> str:
        return self._tokens.token(self._source, *self._secrets())

    def refused(self, token: str) -> None:
        self._tokens.refused(self._source, *self._secrets(), token)

    def _secrets(self) -> tuple[str, str]:
        source = self._source
        return (
            self._secret(source.client_secret) if source.client_secret else "",
            self._secret(source.refresh_token) if source.refresh_token else "",
        )


def key_of(source: TokenSource, client_secret: str, refresh_token: str) -> str:
    """The same for whoever asks the same with the same secrets; says nothing of them."""
    told = repr((astuple(source), client_secret, refresh_token)).encode()
    return hashlib.blake2b(told, digest_size=24, person=b"access tokens").hexdigest()
