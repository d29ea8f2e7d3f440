"""What is known of fetched mailboxes, in the store: of one folder, and written by whoever has the newest lease."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from chassis import mongo
from chassis.clock import DatabaseClock
from chassis.leases import Lease
from chassis.mongo import Document
from services.ingest.adapters.mongo import INDEXES
from services.ingest.adapters.mongo.mailboxes import MongoMailboxes, Overtaken
from services.ingest.domain.fetching import Cursor, Passed, Passing
from tests.integration.reads_heard import ReadsHeard
from tests.waiting import MINUTE

HERE = Cursor("desk@one.example:993/INBOX", 7, 20)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def lease(fence: int) -> Lease:
    return Lease("mailbox:desk", f"process {fence}", fence, float("inf"))


def passed(uid: int) -> Passed:
    return Passed(uid, Passing.NOT_FETCHED, "it hung", 100, 1, NOW + timedelta(minutes=1))


@pytest.fixture
def mailboxes(mongo_url: str, database_prefix: str) -> Iterator[MongoMailboxes]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        found = MongoMailboxes(client[f"{database_prefix}ingest"], DatabaseClock(client))
        found.advance("desk", HERE, lease(1))
        yield found


@pytest.mark.parametrize("source", ["desk@one.example:993/Archive", "desk@two.example:993/INBOX"])
def test_another_folder_of_the_same_uidvalidity_inherits_no_notes(
    mailboxes: MongoMailboxes, source: str
) -> None:
    mailboxes.pass_by("desk", HERE, passed(3), lease(1))
    assert mailboxes.passed("desk", HERE, lease(1)) == {3: passed(3)}
    assert mailboxes.passed("desk", Cursor(source, HERE.validity), lease(1)) == {}
    # Whoever comes back begins anew and meets the mail itself.
    assert mailboxes.passed("desk", HERE, lease(1)) == {}


def test_who_was_overtaken_notes_and_forgets_nothing(mailboxes: MongoMailboxes) -> None:
    mailboxes.pass_by("desk", HERE, passed(3), lease(2))
    with pytest.raises(Overtaken):
        mailboxes.pass_by("desk", HERE, passed(4), lease(1))
    with pytest.raises(Overtaken):
        mailboxes.forget("desk", HERE, [3], lease(1))
    with pytest.raises(Overtaken):
        mailboxes.passed("desk", Cursor(HERE.source, 8), lease(1))
    assert mailboxes.passed("desk", HERE, lease(2)) == {3: passed(3)}


def test_more_notes_than_one_transaction_takes_are_forgotten(mailboxes: MongoMailboxes) -> None:
    for uid in range(1, 6):
        mailboxes.pass_by("desk", HERE, passed(uid), lease(1))
    mailboxes.forget("desk", HERE, range(2, 2000), lease(1))
    assert set(mailboxes.passed("desk", HERE, lease(1))) == {1}


def test_how_it_goes_with_all_mailboxes_is_told_without_reading_what_was_passed_by(
    mongo_url: str, database_prefix: str
) -> None:
    heard = ReadsHeard()
    with MongoClient[Document](mongo_url, tz_aware=True, event_listeners=[heard]) as client:
        database = client[f"{database_prefix}ingest"]
        mongo.ensure_indexes(database, INDEXES)
        mailboxes = MongoMailboxes(database, DatabaseClock(client))
        for name in ("desk", "sales"):
            mailboxes.advance(name, HERE, lease(1))
        for uid in range(1, 41):
            mailboxes.pass_by("desk", HERE, passed(uid), lease(1))
        mailboxes.pass_by("sales", HERE, replace(passed(1), reason=Passing.TOO_LARGE), lease(1))
        heard.forget()
        states = {state.channel_id: state.passed for state in mailboxes.states()}
        assert states == {"desk": {Passing.NOT_FETCHED: 40}, "sales": {Passing.TOO_LARGE: 1}}
        # The mailboxes themselves, and of what was passed by the keys alone.
        assert heard.looked_at(database) == (41 + 2, 2)
