"""HTTP over connections to checked addresses only, unless the environment names a proxy: then it is for that to say what
may be called."""

import ssl
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.request import getproxies_environment, proxy_bypass

import httpcore
import httpx

from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.inside import Reach

# What a connection can come to once it stands.
BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol)


class CheckedTransport(httpx.BaseTransport):
    """What httpx sends by. Raises what httpcore raises, and ClosedPlace."""

    def __init__(self, addresses: Reach) -> None:
        self._trusted = ssl.create_default_context()
        self._pool = httpcore.ConnectionPool(ssl_context=self._trusted, network_backend=_Wire(addresses))
        self._proxied: list[httpx.HTTPTransport] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if proxy := _proxy_of(request.url):
            transport = httpx.HTTPTransport(verify=self._trusted, proxy=proxy)
            self._proxied.append(transport)
            return transport.handle_request(request)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()
        for transport in self._proxied:
            transport.close()


class _Body(httpx.SyncByteStream):
    """An answer's body as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Wire(httpcore.NetworkBackend):
    """Connects to the first of the checked addresses that takes a connection."""

    def __init__(self, addresses: Reach) -> None:
        self._addresses = addresses
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._addresses(host, port)
        except ClosedPlace:
            raise
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return self._real.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _proxy_of(url: httpx.URL) -> str:
    """The proxy that the environment names for the address; empty where it names none."""
    named = getproxies_environment()
    proxy = named.get(url.scheme) or named.get("all", "")
    return proxy if proxy and not proxy_bypass(url.host) else ""
