"""What happens, to every open page: server-sent events on the event loop, from one watch a replica.

A row is rendered once a language, however many look at it. Each stream has a queue of 256; what overflows it becomes
one `resync`, at which the page reads anew. The position in the stream is the sequence of the watch: a page brings the
one it was rendered at, and one that was away resumes where it was.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from services.console.domain.tickets import Agent
from services.console.pages.frame import Console, Preferences
from services.console.pages.hub import NOWHERE, Heard, Hub, Stream
from services.console.pages.inbox import InboxQuery
from services.console.pages.query import parse
from services.console.pages.translations import LANGUAGES, best_language

# ASGI's own types are long unions of dictionaries; what is read of them here is little.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

# Facts of one glance go together: a flood must not become a message each.
_GATHER = 0.2
_COMMENT_EVERY = 20.0
# More changed rows than fit on a screen or two: reading the list anew is cheaper.
_MANY = 60


class Live:
    """The address /live: `topics=view` with the inbox's own query, or `topics=ticket:<number>`."""

    def __init__(self, console: Console, hub: Hub) -> None:
        self._console = console
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        cookies = read_cookies(headers.get("cookie", ""))
        session = self._console.sessions.read(cookies.get(self._console.session_cookie, ""))
        if session is None or not await self._is_here(session.agent):
            await refuse(send, 401, {})
            return
        if self.hub.is_full or self.hub.is_closed:
            await refuse(send, 503, {"retry-after": "15"})
            return
        preferences = Preferences.parse(cookies.get("prefs", ""))
        language = preferences.language or session.agent.language
        if language not in LANGUAGES:
            language = best_language(headers.get("accept-language", ""))
        args = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        # The address keeps saying where the page was rendered; a page that comes back knows better.
        position = position_of(headers.get("last-event-id", "") or args.get("since", ""))
        stream = stream_of(args, language, session.agent.agent_id, position)
        self.hub.open(stream)
        talking = asyncio.create_task(self._talk(stream, session.agent, send))
        leaving = asyncio.create_task(has_left(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.hub.leave(stream)
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)

    async def _is_here(self, agent: Agent) -> bool:
        """Whoever has left hears no more, however long their page stays open."""
        names = await asyncio.to_thread(self._console.directory.names)
        return names.signed_in(agent) is not None

    async def _talk(self, stream: Stream, agent: Agent, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                    (b"x-content-type-options", b"nosniff"),
                ],
            }
        )
        await say(send, ": open\n\n")
        while not self.hub.is_closed:
            try:
                await asyncio.wait_for(stream.woken.wait(), _COMMENT_EVERY)
            except TimeoutError:
                if not await self._is_here(agent):
                    break
                self.hub.look_after(stream)
                await say(send, silence(stream))
                continue
            await asyncio.sleep(_GATHER)
            await say(send, await self._news(stream))
        await say(send, "", is_last=True)

    async def _news(self, stream: Stream) -> str:
        heard, position = stream.take(), stream.position
        if stream.has_overflowed or len(heard) > _MANY:
            stream.has_overflowed = False
            return f"id: {position}\nevent: resync\ndata: {{}}\n\n"
        await self.hub.rows(heard, stream.language)
        return "".join(message(one, stream) for one in heard)


def stream_of(args: dict[str, str], language: str, agent_id: str, position: int) -> Stream:
    """What the page asked to hear."""
    topics = args.get("topics", "").split(",")
    number = next((topic.removeprefix("ticket:") for topic in topics if topic.startswith("ticket:")), "")
    wanted = parse(InboxQuery, args).filter(agent_id) if "view" in topics else None
    return Stream(language, wanted, int(number) if number.isascii() and number.isdigit() else 0, position)


def position_of(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else NOWHERE


def silence(stream: Stream) -> str:
    """A comment, with how far the page has come: of what is not for it, it need not hear again."""
    told = stream.position != NOWHERE and not stream.woken.is_set()
    return f"id: {stream.position}\n: still here\n\n" if told else ": still here\n\n"


def message(heard: Heard, stream: Stream) -> str:
    """The row, morphed in place where it is in sight, then the bare fact for counters, pill and timeline."""
    fact, ticket = heard.fact, heard.ticket
    fits = stream.wanted is not None and stream.wanted.holds(ticket)
    told = json.dumps({"number": ticket.number, "kind": fact.kind, "fits": fits, "version": ticket.version})
    row = ""
    if stream.wanted is not None:
        html = heard.rows[stream.language]
        part = f'<hx-partial hx-target="#t{ticket.number}" hx-swap="outerMorph">{html}</hx-partial>'
        row = "".join(f"data: {line}\n" for line in part.splitlines()) + "\n"
    return f"{row}id: {fact.sequence}\nevent: fact\ndata: {told}\n\n"


def read_cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


async def has_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def say(send: Send, text: str, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": not is_last})


async def refuse(send: Send, status: int, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b""})
