"""A file of somebody else's, by GET, on a short leash: checked addresses only, so many seconds in all, so many bytes.

Redirects are followed a few times, each to a checked address; proxies of the environment are not asked, nothing is unpacked.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from chassis.addresses import Network, Resolve, may_be_called, system_resolver

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3


class NotFetched(Exception):
    """Why there is no file, in words."""


def fetch(
    url: str,
    *,
    seconds: float = 10.0,
    largest: int = 1024 * 1024,
    allowed: Sequence[Network] = (),
    resolve: Resolve = system_resolver,
) -> bytes:
    """The body of a 200. Raises NotFetched."""
    ends = time.monotonic() + seconds

    def left() -> float:
        rest = ends - time.monotonic()
        if rest <= 0:
            raise NotFetched(f"it did not answer within {seconds:g} s")
        return rest

    wire = _Wire(allowed, resolve, left)
    with httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=wire) as pool:
        for _ in range(_MOST_REDIRECTS + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise NotFetched("it leads to no web address")
            try:
                body, url = _get(pool, url, largest)
            except httpcore.TimeoutException:
                raise NotFetched(f"it did not answer within {seconds:g} s") from None
            except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
                raise NotFetched(f"it does not speak HTTP: {error}") from None
            except (httpcore.NetworkError, OSError, ValueError) as error:
                raise NotFetched(f"no connection: {error}") from None
            if body is not None:
                return body
    raise NotFetched(f"it leads elsewhere more than {_MOST_REDIRECTS} times")


def _get(pool: httpcore.ConnectionPool, url: str, largest: int) -> tuple[bytes | None, str]:
    """The body, or None and where it leads."""
    headers = {"Host": urlsplit(url).netloc, "Accept-Encoding": "identity", "User-Agent": "Relaydesk"}
    with pool.stream("GET", url, headers=list(headers.items())) as answer:
        told = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status in _REDIRECTS and b"location" in told:
            return None, urljoin(url, told[b"location"])
        if answer.status != 200:
            raise NotFetched(f"it answers {answer.status}")
        body = bytearray()
        for piece in answer.iter_stream():
            body += piece
            if len(body) > largest:
                raise NotFetched(f"it is larger than {largest // 1024} KB")
        return bytes(body), url


class _Wire(httpcore.NetworkBackend):
    """Connects to checked addresses only, each step within what is left."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve, left: Callable[[], float]) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._left = left
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = self._resolve(host, port)
        good = [one for one in found if may_be_called(ip_address(one), self._allowed)]
        if not good:
            raise NotFetched(f"{host} has no public address")
        stream = self._real.connect_tcp(good[0], port, self._left(), None, socket_options)
        return _Leashed(stream, self._left)


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
