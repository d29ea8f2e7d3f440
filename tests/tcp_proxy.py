"""A TCP link that a test can cut or freeze."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self

_ANSWER_WITHIN = 5.0


class TcpProxy:
    """Stands between a client and `127.0.0.1:target`. Runs in one thread of its own, however many connections it has.

    `cut` resets every connection and refuses new ones; `freeze` keeps them open and silent, both ways, and takes
    new ones into the silence; `mend` lets bytes flow again.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._links: set[asyncio.StreamWriter] = set()
        self._flows: asyncio.Event
        self._is_cut = False
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._run(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ANSWER_WITHIN)
        self._loop.close()

    def cut(self) -> None:
        def now() -> None:
            self._is_cut = True
            self._flows.set()
            for link in self._links:
                link.transport.abort()

        self._do(now)

    def freeze(self) -> None:
        self._do(lambda: self._flows.clear())

    def mend(self) -> None:
        def now() -> None:
            self._is_cut = False
            self._flows.set()

        self._do(now)

    async def _open(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._server = await asyncio.start_server(self._link, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        pumps = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._links |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._links -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    def _do(self, now: Callable[[], None]) -> None:
        async def step() -> None:
            now()

        self._run(step)

    def _run(self, step: Callable[[], Coroutine[object, object, None]]) -> None:
        asyncio.run_coroutine_threadsafe(step(), self._loop).result(_ANSWER_WITHIN)
