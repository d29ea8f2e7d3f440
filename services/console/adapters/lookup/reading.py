"""JSON from a system outside, by GET, on the shortest leash there is.

A connection serves one lookup: it is made to an address that was checked, and whatever happens on it, a byte a second
included, ends with the deadline. Redirects are not followed, proxies of the environment are not asked, nothing is unpacked.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpcore

from chassis.addresses import Network, Resolve, system_resolver
from services.console.adapters.lookup.addresses import addresses_to_call
from services.console.application.look_up import PATIENCE, Deadline
from services.console.domain.outside import (
    DENIED,
    FAILED,
    MALFORMED,
    REDIRECTED,
    REFUSED,
    TIMEOUT,
    TOO_LARGE,
    UNREACHABLE,
    LookupFailed,
)

LARGEST = 256 * 1024
_TOO_MANY_REQUESTS = 429

# A target and the headers of its own; answers the body. Raises LookupFailed.
Ask = Callable[[str, Mapping[str, str]], bytes]


class JsonReader:
    """Reads from one origin. `base` is scheme, host, port and the path before every target."""

    def __init__(
        self,
        base: str,
        *,
        allowed: Sequence[Network] = (),
        ca_file: str | None = None,
        resolve: Resolve = system_resolver,
    ) -> None:
        parts = urlsplit(base)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc
        self._path = parts.path.rstrip("/")
        self._allowed = allowed
        self._resolve = resolve
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None

    def target(self, path_and_query: str) -> str:
        """What will stand in the request's first line: the base's path, and this."""
        return self._path + path_and_query

    def get(self, target: str, headers: Mapping[str, str], deadline: Deadline) -> bytes:
        """The body of a 200 of JSON. Raises LookupFailed."""
        with self.connected(deadline) as ask:
            return ask(target, headers)

    @contextmanager
    def connected(self, deadline: Deadline) -> Iterator[Ask]:
        """Several requests of one lookup, over one connection where the system lets it stand."""
        wire = _Wire(self._allowed, self._resolve, deadline)
        with httpcore.ConnectionPool(
            ssl_context=self._tls, network_backend=wire, max_connections=1
        ) as connections:
            yield lambda target, headers: self._get(connections, target, headers)

    def _get(self, connections: httpcore.ConnectionPool, target: str, headers: Mapping[str, str]) -> bytes:
        url = httpcore.URL(
            scheme=self._scheme.encode(), host=self._host.encode(), port=self._port, target=target.encode()
        )
        sent = {
            "Host": self._authority,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "Relaydesk",
            **headers,
        }
        try:
            with connections.stream("GET", url, headers=list(sent.items())) as answer:
                judge(answer.status, _headers(answer.headers))
                return _body(answer.iter_stream())
        except httpcore.TimeoutException:
            raise LookupFailed(TIMEOUT, f"it did not answer within {PATIENCE:g} s") from None
        except httpcore.RemoteProtocolError as error:
            raise LookupFailed(UNREACHABLE, "it does not speak HTTP", said=str(error)) from None
        except httpcore.NetworkError as error:
            raise LookupFailed(UNREACHABLE, f"no connection: {error}") from None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def judge(status: int, headers: Mapping[str, str]) -> None:
    """Raises LookupFailed where status and headers promise no answer."""
    if 300 <= status < 400:
        raise LookupFailed(REDIRECTED, f"it answers {status} and leads elsewhere, which is not followed")
    if status in (401, 403):
        raise LookupFailed(DENIED, f"it answers {status}: it does not accept our signature or key")
    if status >= 500 or status == _TOO_MANY_REQUESTS:
        raise LookupFailed(FAILED, f"it answers {status}")
    if status != 200:
        raise LookupFailed(REFUSED, f"it answers {status}; is the url right?")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise LookupFailed(
            MALFORMED, "it answers with another type than application/json", said=kind or "none"
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise LookupFailed(MALFORMED, "it packs its answer although it was asked not to")


def _body(pieces: Iterable[bytes]) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > LARGEST:
            raise LookupFailed(TOO_LARGE, f"its answer is larger than {LARGEST // 1024} KB")
    return bytes(body)


class _Wire(httpcore.NetworkBackend):
    """Connects to checked addresses only, until the deadline."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve, deadline: Deadline) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._deadline = deadline
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        good = addresses_to_call(host, port, self._allowed, self._deadline, self._resolve)
        last: httpcore.ConnectError | None = None
        for place, address in enumerate(good):
            # An address that swallows everything leaves half of the time to the next.
            share = 1 if place == len(good) - 1 else 2
            try:
                stream = self._real.connect_tcp(
                    address, port, self._deadline.left() / share, None, socket_options
                )
                return _Leashed(stream, self._deadline.left)
            except httpcore.ConnectTimeout:
                last = None
            except httpcore.ConnectError as error:
                last = error
        raise last or httpcore.ConnectTimeout()


class _Leashed(httpcore.NetworkStream):
    """A stream on which every step gets only the time that is left for all of them."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Leashed(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
