"""One process, three ways: streams on the event loop, static files from memory, pages on threads of their own."""

from typing import Any

from a2wsgi import WSGIMiddleware

from services.console.pages.assets import Assets
from services.console.pages.live import Live, Receive, Scope, Send


class ConsoleApp:
    """The ASGI application. However many streams are open, pages find their threads free."""

    def __init__(self, pages: Any, live: Live, assets: Assets, threads: int = 16) -> None:
        # Its types are as long as ASGI itself; ours say the same.
        self._pages: Any = WSGIMiddleware(pages, workers=threads)
        self._live = live
        self._assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live_and_die(receive, send)
        elif scope["path"] == "/live":
            await self._live(scope, receive, send)
        elif scope["path"].startswith("/static/"):
            await self._static(scope, send)
        else:
            await self._pages(scope, receive, send)

    async def _live_and_die(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                self._live.hub.start()
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                await self._live.hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _static(self, scope: Scope, send: Send) -> None:
        asset = self._assets.find(scope["path"])
        if asset is None or scope["method"] not in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        headers = [
            (b"content-type", asset.content_type.encode()),
            # The address carries the hash: what it names never changes.
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-encoding"),
        ]
        body = asset.content
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        if asset.packed and b"gzip" in accepted:
            body = asset.packed
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
