"""What happens, to every open page: server-sent events on the event loop, from one watch a replica.

A row is rendered once a language, however many look at it. Each stream has a queue of 256; what overflows it becomes
one `resync`, at which the page reads anew. The position in the stream is the sequence of the watch, so that a page that
was away resumes where it was.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

import structlog

from chassis.errors import Unavailable
from services.console.application.directory import Directory, Names
from services.console.application.ports import Clock, Watch
from services.console.domain.tickets import Fact, Filter
from services.console.pages.frame import Console, Preferences
from services.console.pages.inbox import InboxQuery
from services.console.pages.query import parse
from services.console.pages.renderer import Renderer
from services.console.pages.translations import LANGUAGES, best_language
from services.console.pages.words import Words

# ASGI's own types are long unions of dictionaries; what is read of them here is little.
Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

QUEUE = 256
# What a page may have missed between being rendered and opening its stream.
_OVERLAP = timedelta(seconds=10)
# Facts of one glance go together: a flood must not become a message each.
_GATHER = 0.2
_COMMENT_EVERY = 20.0
_REMEMBERED = 2000
# More changed rows than fit on a screen or two: reading the list anew is cheaper.
_MANY = 60


@dataclass(slots=True)
class Heard:
    """A fact as the replica heard it, with its rows by language, rendered when first asked for."""

    fact: Fact
    at: float
    rows: dict[str, str] = field(default_factory=dict)


class Stream:
    """One open page."""

    def __init__(self, language: str, wanted: Filter | None, number: int) -> None:
        self.language = language
        self.wanted = wanted
        self.number = number
        self.waiting: deque[Heard] = deque()
        self.has_overflowed = False
        self.woken = asyncio.Event()

    def put(self, heard: Heard) -> None:
        """Keep it for sending, or remember that it was too much."""
        ticket = heard.fact.ticket
        if self.number and (ticket is None or ticket.number != self.number):
            return
        if len(self.waiting) >= QUEUE:
            self.has_overflowed = True
            self.waiting.clear()
        if not self.has_overflowed:
            self.waiting.append(heard)
        self.woken.set()

    def take(self) -> list[Heard]:
        """All that waits: the newest of each ticket, in order."""
        taken: dict[str, Heard] = {}
        while self.waiting:
            heard = self.waiting.popleft()
            if heard.fact.ticket is not None:
                taken.pop(heard.fact.ticket.ticket_id, None)
                taken[heard.fact.ticket.ticket_id] = heard
        self.woken.clear()
        return list(taken.values())


class Hub:
    """Watches once, tells everybody."""

    def __init__(
        self, watch: Watch, renderer: Renderer, directory: Directory, clock: Clock, limit: int
    ) -> None:
        self._watch = watch
        self._renderer = renderer
        self._directory = directory
        self._clock = clock
        self._limit = limit
        self._streams: set[Stream] = set()
        self._remembered: deque[Heard] = deque(maxlen=_REMEMBERED)
        self._sequence = -1
        self._rendering = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.is_watching = False
        self.is_closed = False

    @property
    def count(self) -> int:
        return len(self._streams)

    @property
    def is_full(self) -> bool:
        return len(self._streams) >= self._limit

    def start(self) -> None:
        """Begin to watch, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        self._end_streams()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """End every stream, from any thread: a stream would otherwise last for the whole grace of a stop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_streams)

    def open(self, stream: Stream, last_seen: str) -> None:
        """Tell the stream what it missed, then all that comes."""
        self._streams.add(stream)
        if last_seen.isascii() and last_seen.isdigit():
            self._resume(stream, int(last_seen))
            return
        recent = asyncio.get_running_loop().time() - _OVERLAP.total_seconds()
        for heard in self._remembered:
            if heard.at >= recent:
                stream.put(heard)

    def leave(self, stream: Stream) -> None:
        self._streams.discard(stream)

    async def rows(self, heard: Iterable[Heard], language: str) -> None:
        """Render what nobody of that language has seen yet."""
        # The others wait for the first, and find its rows.
        async with self._rendering:
            missing = [one for one in heard if language not in one.rows]
            if missing:
                # Names may have to be fetched, and that waits.
                names = await asyncio.to_thread(self._directory.names)
                self._render(missing, Words(language, "UTC", self._clock.now()), names)

    def _render(self, missing: Iterable[Heard], words: Words, names: Names) -> None:
        for one in missing:
            one.rows[words.language] = self._renderer.render(
                "parts/ticket_row.html",
                words,
                ticket=one.fact.ticket,
                names=names,
                now=words.now,
                view="open",
                chosen=None,
            )

    def _resume(self, stream: Stream, last_seen: int) -> None:
        oldest = self._remembered[0].fact.sequence if self._remembered else None
        if last_seen == self._sequence:
            return
        if oldest is None or last_seen < oldest - 1 or last_seen > self._sequence:
            stream.has_overflowed = True
            stream.woken.set()
            return
        for heard in self._remembered:
            if heard.fact.sequence > last_seen:
                stream.put(heard)

    async def _run(self) -> None:
        pause = 0.5
        while True:
            try:
                # Remembered with what follows, so that the watch goes on exactly where it broke.
                async for fact in self._watch.facts(self._sequence):
                    self.is_watching, pause = True, 0.5
                    self._hear(fact)
            except Unavailable as error:
                structlog.get_logger(__name__).warning("watch_lost", what=error.what, again_in=pause)
            self.is_watching = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15)

    def _hear(self, fact: Fact) -> None:
        self._sequence = max(self._sequence, fact.sequence)
        if fact.ticket is None:
            return
        heard = Heard(fact, asyncio.get_running_loop().time())
        self._remembered.append(heard)
        for stream in self._streams:
            stream.put(heard)

    def _end_streams(self) -> None:
        self.is_closed = True
        for stream in self._streams:
            stream.woken.set()


class Live:
    """The address /live: `topics=view` with the inbox's own query, or `topics=ticket:<number>`."""

    def __init__(self, console: Console, hub: Hub) -> None:
        self._console = console
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        cookies = read_cookies(headers.get("cookie", ""))
        session = self._console.sessions.read(cookies.get(self._console.session_cookie, ""))
        if session is None:
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
        stream = stream_of(args, language, session.agent.agent_id)
        self.hub.open(stream, headers.get("last-event-id", ""))
        talking = asyncio.create_task(self._talk(stream, send))
        leaving = asyncio.create_task(has_left(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.hub.leave(stream)
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)

    async def _talk(self, stream: Stream, send: Send) -> None:
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
                await say(send, ": still here\n\n")
                continue
            await asyncio.sleep(_GATHER)
            await say(send, await self._news(stream))
        await say(send, "", is_last=True)

    async def _news(self, stream: Stream) -> str:
        heard = stream.take()
        if stream.has_overflowed or len(heard) > _MANY:
            stream.has_overflowed = False
            last = f"id: {heard[-1].fact.sequence}\n" if heard else ""
            return f"{last}event: resync\ndata: {{}}\n\n"
        await self.hub.rows(heard, stream.language)
        return "".join(message(one, stream) for one in heard)


def stream_of(args: dict[str, str], language: str, agent_id: str) -> Stream:
    """What the page asked to hear."""
    topics = args.get("topics", "").split(",")
    number = next((topic.removeprefix("ticket:") for topic in topics if topic.startswith("ticket:")), "")
    wanted = parse(InboxQuery, args).filter(agent_id) if "view" in topics else None
    return Stream(language, wanted, int(number) if number.isascii() and number.isdigit() else 0)


def message(heard: Heard, stream: Stream) -> str:
    """The row, morphed in place where it is in sight, then the bare fact for counters, pill and timeline."""
    fact, ticket = heard.fact, heard.fact.ticket
    assert ticket is not None
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
