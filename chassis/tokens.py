"""Who is asking: a bearer token becomes a principal, and the answer is remembered for a while."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

# The role of our own services, which share one token that no store knows.
SYSTEM = "system"

_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token belongs to. `agent_id` is empty where it is no person's; `rights` are words beside the role."""

    token_id: str
    role: str
    agent_id: str = ""
    name: str = ""
    rights: frozenset[str] = frozenset()


Authenticate = Callable[[str], Principal | None]


class CachedAuthenticator:
    """Asks `check` about a token at most once per `ttl`, so a token that was withdrawn may be taken for that long.

    Refused tokens are remembered too, apart from the good ones: a flood of made-up tokens costs a look-up each and
    drives nobody out. Only digests are kept. `check` may raise Unavailable; that is not remembered.
    """

    def __init__(
        self,
        check: Authenticate,
        *,
        internal_token: str = "",
        ttl: timedelta = timedelta(seconds=30),
        size: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._internal = internal_token.encode()
        self._system = Principal(token_id="internal", role=SYSTEM, name="internal")
        self._known: _Memory[Principal] = _Memory(ttl.total_seconds(), size, monotonic)
        self._refused: _Memory[bool] = _Memory(ttl.total_seconds(), max(1, size // 10), monotonic)

    def __call__(self, token: str) -> Principal | None:
        given = token.encode(errors="replace")
        if not given or len(given) > _LONGEST:
            return None
        if self._internal and hmac.compare_digest(given, self._internal):
            return self._system
        digest = hashlib.sha256(given).digest()
        principal = self._known.get(digest)
        if principal is None and self._refused.get(digest) is None:
            principal = self._check(token)
            if principal is None:
                self._refused.put(digest, True)
            else:
                self._known.put(digest, principal)
        return principal


class _Memory(Generic[T]):
    """At most `size` values, each for `ttl` seconds; the oldest goes first."""

    def __init__(self, ttl: float, size: int, monotonic: Callable[[], float]) -> None:
        self._ttl = ttl
        self._size = size
        self._monotonic = monotonic
        self._kept: OrderedDict[bytes, tuple[float, T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> T | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] < self._monotonic():
            return None
        return kept[1]

    def put(self, key: bytes, value: T) -> None:
        with self._lock:
            self._kept[key] = (self._monotonic() + self._ttl, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
