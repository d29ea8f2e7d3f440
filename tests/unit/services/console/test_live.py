"""The stream: one watch, many pages, nothing missed, nobody kept waiting."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.console.domain.tickets import Fact
from services.console.pages import hub, live
from services.console.pages.hub import Heard, Hub, Stream
from services.console.pages.live import Live
from tests.console_over_fakes import build_console
from tests.fakes.console import MemoryDesk, memory_desk
from tests.fakes.console_samples import AGENTS


class Listener:
    """A page that listens: what it is sent, as text."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.gone = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message["body"].decode()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def until(self, holds: Callable[[str], bool]) -> None:
        await until(lambda: holds(self.text))

    @property
    def facts(self) -> list[dict[str, Any]]:
        blocks = [block for block in self.text.split("\n\n") if "event: fact" in block]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


class Stage:
    """A hub over fakes and pages that come and go."""

    def __init__(self, fakes: MemoryDesk, limit: int = 10) -> None:
        self.fakes = fakes
        self.console = build_console(fakes)
        self.hub = Hub(
            fakes.tickets, fakes.watch, self.console.renderer, self.console.directory, fakes.clock, limit
        )
        self.app = Live(self.console, self.hub)
        self.tasks: list[asyncio.Task[None]] = []

    def open(
        self,
        query: str = "topics=view",
        *,
        since: int | str | None = None,
        last: str = "",
        language: str = "en",
        signed: bool = True,
    ) -> Listener:
        """A page, rendered just now where `since` does not say otherwise."""
        if since is None:
            since = self.fakes.tickets.get_sequence()
        query += f"&since={since}"
        listener = Listener()
        session = self.console.sessions.begin(AGENTS[0])
        cookie = (
            f"session={self.console.sessions.write(session.session_id, AGENTS[0])}; prefs=lang={language}"
        )
        headers = [(b"cookie", cookie.encode())] if signed else []
        if last:
            headers.append((b"last-event-id", last.encode()))
        scope = {"type": "http", "path": "/live", "query_string": query.encode(), "headers": headers}
        self.tasks.append(asyncio.create_task(self.app(scope, listener.receive, listener.send)))
        return listener


@asynccontextmanager
async def stage(limit: int = 10) -> AsyncIterator[Stage]:
    made = Stage(memory_desk(), limit)
    made.hub.start()
    try:
        yield made
    finally:
        await made.hub.stop()
        await asyncio.gather(*made.tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def gather_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_GATHER", 0.01)


def test_a_change_reaches_a_page_as_a_row_and_a_fact() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await page.until(lambda text: ": open" in text)
            here.fakes.tickets.hear(48198, "New words")
            await page.until(lambda text: "event: fact" in text)
            assert page.headers["content-type"].startswith("text/event-stream")
            assert page.headers["x-accel-buffering"] == "no"
            assert '<hx-partial hx-target="#t48198" hx-swap="outerMorph">' in page.text
            assert "New words" in page.text
            assert page.facts == [{"number": 48198, "kind": "message", "fits": True, "version": 6}]
            assert "id: 1\n" in page.text

    asyncio.run(scenario())


def test_a_row_is_rendered_once_a_language_however_many_look(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with stage() as here:
            rendered: list[str] = []
            render = here.console.renderer.render

            def counting(template: str, words: Any, **context: object) -> str:
                rendered.append(words.language)
                return render(template, words, **context)

            monkeypatch.setattr(here.console.renderer, "render", counting)
            pages = [here.open(language=language) for language in ("en", "en", "en", "ru", "ru")]
            for page in pages:
                await page.until(lambda text: ": open" in text)
            here.fakes.tickets.hear(48198, "Again")
            for page in pages:
                await page.until(lambda text: "event: fact" in text)
            assert sorted(rendered) == ["en", "ru"]

    asyncio.run(scenario())


def test_a_page_that_was_away_resumes_where_it_was() -> None:
    async def scenario() -> None:
        async with stage() as here:
            for count in range(3):
                here.fakes.tickets.hear(48198 if count else 48163, f"word {count}")
            watching = here.open(since=0)
            await watching.until(lambda text: "id: 3\n" in text)
            back = here.open(last="1")
            await back.until(lambda text: "id: 3\n" in text)
            assert [fact["number"] for fact in back.facts] == [48198]
            assert "resync" not in back.text

    asyncio.run(scenario())


@pytest.mark.parametrize("place", [{"since": ""}, {"since": "x"}, {"since": 999_999}, {"last": "999999"}])
def test_a_page_whose_place_is_not_in_the_log_reads_anew(place: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open(**place)
            await page.until(lambda text: "event: resync" in text)
            here.fakes.tickets.hear(48198, "after it")
            await page.until(lambda text: "after it" in text)

    asyncio.run(scenario())


def test_a_page_of_another_log_reads_anew_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_COMMENT_EVERY", 0.02)

    async def scenario() -> None:
        async with stage() as here:
            here.open()
            await until(lambda: here.hub.is_watching)
            page = here.open(since=999_999)
            await page.until(lambda text: "id: 0\nevent: resync" in text)

    asyncio.run(scenario())


def test_a_page_that_missed_more_than_is_remembered_reads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_REMEMBERED", 3)

    async def scenario() -> None:
        async with stage() as here:
            for count in range(5):
                here.fakes.tickets.hear(48198, f"word {count}")
            first = here.open(since=1)
            await first.until(lambda text: "id: 5\nevent: resync" in text)
            second = here.open(since=1)
            await second.until(lambda text: "id: 5\nevent: resync" in text)
            # Both were far behind, and the watch began at the present for them.
            assert here.fakes.watch.begun == [5]

    asyncio.run(scenario())


# ------------------------------------------------------------------------------------------------------- the one watch


def test_a_replica_without_a_page_watches_nothing() -> None:
    async def scenario() -> None:
        async with stage() as here:
            here.fakes.tickets.hear(48198, "To nobody")
            here.open(signed=False)
            await asyncio.gather(*here.tasks)
            assert (here.hub.is_watching, here.fakes.watch.begun) == (False, [])

    asyncio.run(scenario())


def test_a_replica_stops_watching_when_the_last_page_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_NOBODY_FOR", 0.05)

    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await until(lambda: here.hub.is_watching)
            page.gone.set()
            await until(lambda: not here.hub.is_watching)
            here.fakes.tickets.hear(48198, "To nobody")
            here.fakes.tickets.hear(48163, "To the next page")
            page = here.open(since=1)
            await page.until(lambda text: "event: fact" in text)
            assert [fact["number"] for fact in page.facts] == [48163]
            assert here.fakes.watch.begun == [0, 1]

    asyncio.run(scenario())


def test_a_page_that_is_turned_finds_the_watch_running() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await until(lambda: here.hub.is_watching)
            page.gone.set()
            await here.tasks[0]
            here.fakes.tickets.hear(48198, "between two pages")
            page = here.open(since=0)
            await page.until(lambda text: "between two pages" in text)
            assert here.fakes.watch.begun == [0]

    asyncio.run(scenario())


def test_the_first_page_hears_what_happened_since_it_was_rendered_and_nothing_before() -> None:
    async def scenario() -> None:
        async with stage() as here:
            here.fakes.tickets.hear(48163, "in the page already")
            rendered_at = here.fakes.tickets.get_sequence()
            here.fakes.tickets.hear(48198, "before it listened")
            page = here.open(since=rendered_at)
            await page.until(lambda text: "before it listened" in text)
            assert [fact["number"] for fact in page.facts] == [48198]
            assert "resync" not in page.text

    asyncio.run(scenario())


def test_a_page_from_before_the_watch_makes_it_go_back_and_nobody_hears_twice() -> None:
    async def scenario() -> None:
        async with stage() as here:
            here.fakes.tickets.hear(48163, "one")
            here.fakes.tickets.hear(48198, "two")
            newer = here.open()
            await until(lambda: here.hub.is_watching)
            here.fakes.tickets.hear(48210, "three")
            await newer.until(lambda text: "three" in text)
            older = here.open(since=1)
            await older.until(lambda text: "three" in text)
            here.fakes.tickets.hear(48163, "four")
            await newer.until(lambda text: "four" in text)
            await older.until(lambda text: "four" in text)
            assert [fact["number"] for fact in older.facts] == [48198, 48210, 48163]
            assert [fact["number"] for fact in newer.facts] == [48210, 48163]
            assert here.fakes.watch.begun == [2, 1]
            assert "resync" not in older.text + newer.text

    asyncio.run(scenario())


def test_a_page_that_is_ahead_of_the_watch_does_not_hear_what_it_shows() -> None:
    async def scenario() -> None:
        async with stage() as here:
            here.open()
            await until(lambda: here.hub.is_watching)
            # The watch is told of it only after the page has come.
            here.fakes.tickets.hear(48163, "shown")
            page = here.open()
            here.fakes.tickets.hear(48198, "news")
            await page.until(lambda text: "news" in text)
            assert [fact["number"] for fact in page.facts] == [48198]

    asyncio.run(scenario())


def test_a_silent_page_is_told_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_COMMENT_EVERY", 0.02)

    async def scenario() -> None:
        async with stage() as here:
            page = here.open("topics=ticket:48163")
            await until(lambda: here.hub.is_watching)
            here.fakes.tickets.hear(48198, "not for it")
            await page.until(lambda text: "id: 1\n: still here" in text)
            assert "event:" not in page.text

    asyncio.run(scenario())


def test_a_ticket_that_nobody_is_shown_is_not_made() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open("topics=ticket:48163")
            await until(lambda: here.hub.is_watching)
            ticket = here.fakes.tickets.get_ticket(48198)

            def refuse() -> Any:
                raise AssertionError("nobody looks at it")

            here.fakes.tickets.facts.append(Fact(1, "changed", ticket.ticket_id, ticket.number, refuse))
            here.fakes.tickets.hear(48163, "for it")
            await page.until(lambda text: "event: fact" in text)
            assert [fact["number"] for fact in page.facts] == [48163]

    asyncio.run(scenario())


# ------------------------------------------------------------------------------------------------------------- streams


def _facts(count: int) -> list[Heard]:
    ticket = memory_desk().tickets.get_ticket(48198)
    return [
        Heard(Fact(sequence, "changed", ticket.ticket_id, ticket.number, lambda: ticket))
        for sequence in range(1, count + 1)
    ]


def test_a_queue_that_overflows_becomes_one_resync() -> None:
    stream = Stream("en", None, 0, 0)
    stream.put(_facts(hub.QUEUE + 50), hub.QUEUE + 50)
    assert (stream.has_overflowed, stream.position) == (True, hub.QUEUE + 50)
    assert stream.take() == []


def test_of_many_facts_about_a_ticket_the_newest_is_told() -> None:
    stream = Stream("en", None, 0, 0)
    stream.put(_facts(5), 5)
    assert [heard.fact.sequence for heard in stream.take()] == [5]


def test_a_ticket_page_hears_only_of_its_ticket() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open("topics=ticket:48163")
            await page.until(lambda text: ": open" in text)
            here.fakes.tickets.hear(48198, "not for it")
            here.fakes.tickets.hear(48163, "for it")
            await page.until(lambda text: "event: fact" in text)
            assert [fact["number"] for fact in page.facts] == [48163]
            assert "hx-partial" not in page.text

    asyncio.run(scenario())


def test_a_ticket_that_does_not_fit_the_list_is_told_so() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open("topics=view&view=group:claims")
            await page.until(lambda text: ": open" in text)
            here.fakes.tickets.hear(48198, "export")
            here.fakes.tickets.hear(48210, "claims")
            await page.until(lambda text: text.count("event: fact") == 2)
            assert {fact["number"]: fact["fits"] for fact in page.facts} == {48198: False, 48210: True}

    asyncio.run(scenario())


def test_a_stranger_hears_nothing() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open(signed=False)
            await asyncio.gather(*here.tasks)
            assert (page.status, page.text) == (401, "")

    asyncio.run(scenario())


def test_whoever_has_left_hears_no_more_and_is_not_let_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_COMMENT_EVERY", 0.02)

    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await page.until(lambda text: "still here" in text)
            accounts = here.fakes.accounts
            accounts.agents = tuple(replace(one, is_deactivated=True) for one in accounts.agents)
            here.fakes.clock.move(timedelta(minutes=1))
            await asyncio.gather(*here.tasks)
            again = here.open()
            await asyncio.gather(*here.tasks)
            assert again.status == 401

    asyncio.run(scenario())


def test_one_too_many_is_sent_away_with_when_to_come_back() -> None:
    async def scenario() -> None:
        async with stage(limit=1) as here:
            first = here.open()
            await first.until(lambda text: ": open" in text)
            second = here.open()
            await here.tasks[1]
            assert second.status == 503
            assert second.headers["retry-after"] == "15"

    asyncio.run(scenario())


def test_a_page_that_leaves_frees_its_place() -> None:
    async def scenario() -> None:
        async with stage(limit=1) as here:
            page = here.open()
            await page.until(lambda text: ": open" in text)
            page.gone.set()
            await here.tasks[0]
            assert here.hub.count == 0

    asyncio.run(scenario())


def test_silence_is_broken_by_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_COMMENT_EVERY", 0.02)

    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await page.until(lambda text: text.count(": still here") >= 2)

    asyncio.run(scenario())


def test_a_lost_watch_goes_on_without_a_gap() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await until(lambda: here.hub.is_watching)
            here.fakes.tickets.hear(48163, "before")
            await page.until(lambda text: "before" in text)
            with here.fakes.outages.of("watch"):
                await until(lambda: not here.hub.is_watching)
                here.fakes.tickets.hear(48198, "while nobody watched")
            await page.until(lambda text: "while nobody watched" in text)
            assert [fact["number"] for fact in page.facts] == [48163, 48198]

    asyncio.run(scenario())


def test_a_stop_ends_every_stream_at_once() -> None:
    async def scenario() -> None:
        async with stage() as here:
            page = here.open()
            await page.until(lambda text: ": open" in text)
            here.hub.close()
            async with asyncio.timeout(60):
                await here.tasks[0]

    asyncio.run(scenario())


def test_a_watch_that_failed_in_an_unforeseen_way_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_SHORTEST_PAUSE", 0.01)

    async def scenario() -> None:
        async with stage() as here:
            ask = here.fakes.tickets.get_sequence
            asked: list[int] = []

            def fail_once() -> int:
                asked.append(1)
                if len(asked) == 1:
                    raise RuntimeError("a mistake")
                return ask()

            page = here.open(since=0)
            monkeypatch.setattr(here.fakes.tickets, "get_sequence", fail_once)
            here.fakes.tickets.hear(48198, "New words")
            await page.until(lambda text: "New words" in text)

    asyncio.run(scenario())
