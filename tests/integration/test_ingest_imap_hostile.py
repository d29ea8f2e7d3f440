"""Servers that hang, lie or break off at one mail: its neighbours are fetched, and it is told and tried again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.imap_server import misbehaving
from tests.integration.fetching_desk import FetchingDesk, fetching_on
from tests.integration.ingest_desk import letter, send
from tests.waiting import wait_until

POISON = 3


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FetchingDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with fetching_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _fetchers_end(desk: FetchingDesk) -> Iterator[None]:
    yield
    desk.end_fetchers()
    desk.ingest.database["channels"].update_many(
        {"settings.imap_host": {"$exists": True}}, {"$set": {"is_paused": True}, "$inc": {"version": 1}}
    )


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("hang", "not_fetched"),
        ("drop", "not_fetched"),
        ("refuse", "not_fetched"),
        ("flood", "not_fetched"),
        ("hang_size", "not_fetched"),
        ("drip", "not_fetched"),
        ("vast", "too_large"),
        ("empty", "no_content"),
    ],
)
def test_a_mail_at_which_the_server_fails_is_passed_by_with_its_reason(
    desk: FetchingDesk, mood: str, reason: str
) -> None:
    name = f"mood-{mood.replace('_', '-')}"
    mails = {uid: letter(f"<{name}-{uid}@b>") for uid in range(1, 7)}
    with misbehaving(mails, {POISON: mood}) as server:
        # Short, for it runs out twice with some; long enough for every answer that does come, on a busy machine too.
        desk.mailbox(name, server.port, imap_timeout_seconds="4")
        desk.fetch()
        rows = desk.await_rows(name, 5)
        assert sorted(row["key"] for row in rows) == [
            f"id:<{name}-{uid}@b>" for uid in mails if uid != POISON
        ]
        assert desk.await_waiting(name, 1).passed == {reason: 1}


def test_a_size_that_was_a_lie_is_held_against_the_limit(desk: FetchingDesk) -> None:
    mails = {1: letter("<a@lie>"), 2: letter("<huge@lie>", "x" * 1_500_000), 3: letter("<c@lie>")}
    with misbehaving(mails, {2: "small"}) as server:
        desk.mailbox("lie", server.port, size_limit_mb="1")
        desk.fetch()
        desk.await_rows("lie", 2)
        assert desk.await_waiting("lie", 1).passed == {"too_large": 1}


def test_a_mail_that_was_passed_by_comes_once_the_server_gives_it(desk: FetchingDesk) -> None:
    mails = {uid: letter(f"<late-{uid}@b>") for uid in range(1, 5)}
    with misbehaving(mails, {POISON: "drop"}) as server:
        desk.mailbox("late", server.port)
        desk.fetch()
        desk.await_rows("late", 3)
        desk.await_waiting("late", 1)
        server.moods.clear()
        yesterday = datetime.now(UTC) - timedelta(days=1)
        desk.ingest.database["passed_mails"].update_many(
            {"channel_id": "late"}, {"$set": {"due_at": yesterday}}
        )
        desk.fetchers.pop().stop(timedelta(seconds=5))
        desk.fetch()
        desk.await_rows("late", 4)
        desk.await_waiting("late", 0)


def test_a_mail_that_comes_while_others_are_listed_is_fetched_before_anybody_waits(
    desk: FetchingDesk,
) -> None:
    with misbehaving({1: letter("<first@b>")}, {}, late=letter("<late@b>")) as server:
        desk.mailbox("listed", server.port)
        desk.fetch()
        desk.await_rows("listed", 2, timeout=150)
        looks = [place for place, verb in enumerate(server.heard) if verb == "SEARCH"]
        assert "IDLE" not in server.heard[: looks[1]]


def test_a_server_that_has_news_without_end_is_not_looked_at_without_a_pause(desk: FetchingDesk) -> None:
    with misbehaving({1: letter("<restless@b>")}, {}, is_restless=True) as server:
        desk.mailbox("restless", server.port)
        desk.fetch()
        desk.await_rows("restless", 1)
        wait_until(lambda: len(server.searched) >= 4, describe=lambda: server.searched)
        # What is slow makes them longer, never shorter: each begins only after the last look was over.
        assert min(after - before for before, after in pairwise(server.searched[:4])) >= 1.0


def test_while_the_lane_owes_too_much_nothing_is_fetched(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path
) -> None:
    with (
        fetching_on(broker_url, broker_management_url, mongo_url, tmp_path, backlog_limit=1) as desk,
        misbehaving({1: letter("<busy@b>")}, {}) as server,
    ):
        send(desk.sockets.smtp, letter("<owed@b>"))
        desk.mailbox("busy", server.port)
        desk.fetch()
        assert "too many messages of the lane email wait" in desk.await_trouble("busy")
        assert not server.fetched
        desk.ingest.database["intake"].update_many({}, {"$set": {"state": "ignored"}})
        desk.await_rows("busy", 1)
