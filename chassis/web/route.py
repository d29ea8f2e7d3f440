"""One route of an ASGI application, which answers in one piece: read within bounds, counted and traced like the rest."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO, Any

from chassis.telemetry import Metrics, SpanKind, exemplar, start_trace
from chassis.web.measured import HttpMeasures, describe, method_of

# ASGI's own types are as long as itself; these say the same.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

# Larger bodies are handed on in a file: they are to be read, and worked on, in a thread.
SMALL = 65_536
# A file of no more than this stays in memory.
_IN_MEMORY = 512 * 1024


@dataclass(slots=True)
class Answer:
    """A whole answer; the length of its body is said for it."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ClientGone(Exception):
    """The other end left before its request was whole: there is nobody to answer."""


class BodyTooLarge(Exception):
    """More came than is taken; what is still on its way is not kept."""


class MeasuredRoute:
    """Calls `answer` for each request, and counts under `route`, which must not depend on the request."""

    def __init__(
        self, route: str, answer: Callable[[Scope, Receive], Awaitable[Answer]], metrics: Metrics
    ) -> None:
        self._route = route
        self._answer = answer
        self._measures = HttpMeasures(metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method, code = method_of(scope["method"]), "500"
        with start_trace(method, SpanKind.SERVER) as span:
            mark = exemplar()
            try:
                answer = await self._answer(scope, receive)
                code = str(answer.status)
                describe(span, self._route, method, code)
                length = (b"content-length", b"%d" % len(answer.body))
                headers = [*answer.headers, length]
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                await send({"type": "http.response.body", "body": answer.body})
            except ClientGone:
                # As proxies note it.
                code = "499"
            finally:
                self._measures.count(self._route, method, code, time.perf_counter() - began, mark)


async def read_body(receive: Receive, limit: int) -> bytes | IO[bytes]:
    """The body: a small one as it is, a larger one in a file that the caller closes. Raises BodyTooLarge, ClientGone."""
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    first: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(first) <= min(SMALL, limit):
        return first
    # As many bodies may be on their way as there are connections: they do not wait in memory.
    file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller's, from here on
    try:
        size = 0
        while True:
            piece = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise BodyTooLarge
            if size > _IN_MEMORY:
                # On a disk that hangs, all other requests would wait for this one.
                await asyncio.to_thread(file.write, piece)
            else:
                file.write(piece)
            if not message.get("more_body", False):
                break
            message = await receive()
            if message["type"] != "http.request":
                raise ClientGone
        file.seek(0)
        if size > SMALL:
            return file
        whole = file.read()
    except BaseException:
        file.close()
        raise
    file.close()
    return whole
