"""One watch a replica for all of its open pages, and none where no page is open.

A page says up to which place in the log it was rendered. The watch begins at the smallest place that a page needs and
each page gets just what lies behind its own, so that nothing is missed between rendering and listening, and nothing is
told twice. What was heard lately is remembered for pages that come later.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import structlog

from chassis.errors import Refused, Unavailable
from services.console.application.directory import Directory, Names
from services.console.application.ports import Clock, Tickets, Watch
from services.console.domain.tickets import Fact, Filter, News, Ticket
from services.console.pages.renderer import Renderer
from services.console.pages.words import Words

QUEUE = 256
NOWHERE = -1
# A page that is further behind reads anew, which is cheaper than to hear of so much.
_REMEMBERED = 2000
# How long a replica goes on watching when the last page has gone: a page that is turned comes back at once.
_NOBODY_FOR = 5.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


@dataclass(slots=True)
class Heard:
    """A fact as the replica heard it: its ticket and its rows by language, made when first asked for."""

    fact: Fact
    rows: dict[str, str] = field(default_factory=dict)
    _ticket: Ticket | None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket after the fact."""
        if self._ticket is None:
            self._ticket = self.fact.read()
        return self._ticket


class Stream:
    """One open page, and up to where it knows the log; NOWHERE where it could not learn that when it was rendered."""

    def __init__(self, language: str, wanted: Filter | None, number: int, position: int = NOWHERE) -> None:
        self.language = language
        self.wanted = wanted
        self.number = number
        self.position = position
        self.waiting: deque[Heard] = deque()
        self.has_overflowed = False
        self.woken = asyncio.Event()

    def put(self, heard: Iterable[Heard], up_to: int) -> None:
        """Keep what lies behind its position for sending, or remember that it was too much. That is all up to a place."""
        for one in () if self.has_overflowed else heard:
            if one.fact.sequence > self.position and self.number in (0, one.fact.number):
                if len(self.waiting) >= QUEUE:
                    self.read_anew(up_to)
                if not self.has_overflowed:
                    self.waiting.append(one)
                self.woken.set()
        self.position = max(self.position, up_to)

    def read_anew(self, position: int) -> None:
        """Too much has happened, up to that place; the page is to be told only that."""
        self.has_overflowed = True
        self.position = position
        self.waiting.clear()
        self.woken.set()

    def take(self) -> list[Heard]:
        """All that waits: the newest of each ticket, in order."""
        taken: dict[str, Heard] = {}
        while self.waiting:
            heard = self.waiting.popleft()
            taken.pop(heard.fact.ticket_id, None)
            taken[heard.fact.ticket_id] = heard
        self.woken.clear()
        return list(taken.values())


class Hub:
    """Watches once, tells everybody."""

    def __init__(
        self,
        tickets: Tickets,
        watch: Watch,
        renderer: Renderer,
        directory: Directory,
        clock: Clock,
        limit: int,
    ) -> None:
        self._tickets = tickets
        self._watch = watch
        self._renderer = renderer
        self._directory = directory
        self._clock = clock
        self._limit = limit
        self._streams: set[Stream] = set()
        # Set while somebody looks.
        self._wanted = asyncio.Event()
        self._left_at = 0.0
        # All facts behind `_before` and up to `_sequence`.
        self._remembered: deque[Heard] = deque()
        self._before = self._sequence = NOWHERE
        self._rendering = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._turn: asyncio.Task[None] | None = None
        self._pause = _SHORTEST_PAUSE
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
        """Be ready to watch, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        self._end_streams()
        for task in (self._task, self._turn):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def close(self) -> None:
        """End every stream, from any thread: a stream would otherwise last for the whole grace of a stop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_streams)

    def open(self, stream: Stream) -> None:
        """Tell the stream what lies behind its position, then all that comes."""
        self._streams.add(stream)
        self._wanted.set()
        if self._sequence == NOWHERE:
            # Where the watch begins, it begins for this stream too.
            return
        if stream.position >= self._before:
            stream.put(self._remembered, self._sequence)
        elif self._is_far(stream.position, self._sequence):
            stream.read_anew(self._sequence)
        elif self._turn is not None:
            # The watch goes back to where this stream needs it, and the others stay where they are.
            self._turn.cancel()

    def leave(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._left_at = asyncio.get_running_loop().time()

    def look_after(self, stream: Stream) -> None:
        """For a stream that has heard nothing for long: one that is ahead even now has its position from another log."""
        if self.is_watching and stream.position > self._sequence:
            stream.read_anew(self._sequence)

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
                ticket=one.ticket,
                names=names,
                now=words.now,
                view="open",
                chosen=None,
            )

    # -------------------------------------------------------------------------------------------------- the one watch

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._turn = asyncio.create_task(self._follow())
            try:
                await asyncio.wait({self._turn})
            finally:
                self._turn.cancel()
            if not self._turn.cancelled() and (failure := self._turn.exception()) is not None:
                # A mistake of ours; that every page then hears nothing until a restart would be worse.
                await self._rest("watch_failed", failure)

    async def _follow(self) -> None:
        """Watch until nobody looks any more, or tickets is away."""
        try:
            await self._find_place()
            async with aclosing(self._watch.news(self._sequence)) as heard:
                async for news in heard:
                    self.is_watching, self._pause = True, _SHORTEST_PAUSE
                    self._hear(news)
                    if self._is_deserted():
                        break
        except (Unavailable, Refused) as error:
            self.is_watching = False
            await self._rest("watch_lost", error)
        finally:
            self.is_watching = False
        if self._is_deserted():
            self._wanted.clear()
            self._begin_behind(NOWHERE)

    async def _rest(self, event: str, failure: BaseException) -> None:
        what = f"{type(failure).__name__}: {failure}"[:300]
        structlog.get_logger(__name__).warning(event, what=what, again_in=self._pause)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _find_place(self) -> None:
        """The smallest position of a page. Those that are too far behind, or in another log, read anew."""
        asking = set(self._streams)
        head = await asyncio.to_thread(self._tickets.get_sequence)
        for stream in self._streams:
            # One that comes only now may be ahead of the answer.
            if self._is_far(stream.position, head) or (stream in asking and stream.position > head):
                stream.read_anew(head)
        place = min((stream.position for stream in self._streams), default=head)
        # Where the watch only broke, what is remembered still joins what comes.
        if place != self._sequence:
            self._begin_behind(place)

    def _begin_behind(self, place: int) -> None:
        self._remembered.clear()
        self._before = self._sequence = place

    def _hear(self, news: News) -> None:
        heard = [Heard(fact) for fact in news.facts]
        self._remembered += heard
        while len(self._remembered) > _REMEMBERED:
            self._before = self._remembered.popleft().fact.sequence
        self._sequence = max(self._sequence, news.sequence)
        for stream in self._streams:
            stream.put(heard, self._sequence)

    def _is_far(self, position: int, head: int) -> bool:
        return position == NOWHERE or head - position > _REMEMBERED

    def _is_deserted(self) -> bool:
        return not self._streams and asyncio.get_running_loop().time() - self._left_at > _NOBODY_FOR

    def _end_streams(self) -> None:
        self.is_closed = True
        for stream in self._streams:
            stream.woken.set()
