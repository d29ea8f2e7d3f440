"""Access tokens in the store: asked for once, by one, shortly before the last one ends."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from chassis import mongo
from chassis.leases import Leases
from services.ingest.adapters.mongo.access_tokens import MongoAccessTokens
from services.ingest.adapters.oauth.providers import Refused
from services.ingest.adapters.oauth.tokens import AccessTokens
from services.ingest.adapters.sealing import Seal
from services.ingest.domain.sign_in import Issued, NoToken, TokenSource
from tests.waiting import MINUTE

SOURCE = TokenSource("microsoft", "app", tenant="example.com")


@dataclass
class Provider:
    """Gives tokens that are numbered, and changes the refresh token each time."""

    asked: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=lambda: {"given"})
    gate: threading.Event = field(default_factory=threading.Event)

    def __call__(self, source: TokenSource, client_secret: str, refresh_token: str) -> Issued:
        self.asked.append(refresh_token)
        self.gate.wait(60)
        if refresh_token not in self.known:
            raise Refused("no such refresh token")
        renewed = f"refresh-{len(self.asked)}"
        self.known.add(renewed)
        return Issued(f"token-{len(self.asked)}", timedelta(hours=1), renewed)


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class Place:
    database: mongo.Documents
    provider: Provider
    clock: Clock

    def process(self, key: bytes = b"k" * 32) -> AccessTokens:
        kept = MongoAccessTokens(self.database, Seal(key))
        return AccessTokens(kept, Leases(self.database), self.clock, self.provider)


@pytest.fixture
def place(mongo_url: str, database_prefix: str) -> Iterator[Place]:
    with mongo.connect(mongo_url, timeout=MINUTE) as client:
        provider = Provider()
        provider.gate.set()
        yield Place(client[f"{database_prefix}ingest"], provider, Clock())


def test_many_who_want_one_at_once_ask_once_in_all_processes(place: Place) -> None:
    processes = [place.process() for _ in range(3)]
    place.provider.gate.clear()
    with ThreadPoolExecutor(12) as pool:
        found = [pool.submit(one.token, SOURCE, "secret", "given") for one in processes * 4]
        place.provider.gate.set()
        assert {one.result(60) for one in found} == {"token-1"}
    assert place.provider.asked == ["given"]


def test_another_is_asked_for_shortly_before_the_end_with_the_newest_refresh_token(place: Place) -> None:
    tokens = place.process()
    assert tokens.token(SOURCE, "secret", "given") == "token-1"
    place.clock.at += timedelta(minutes=54)
    assert tokens.token(SOURCE, "secret", "given") == "token-1"
    place.clock.at += timedelta(minutes=2)
    assert tokens.token(SOURCE, "secret", "given") == "token-2"
    assert place.provider.asked == ["given", "refresh-1"]


def test_where_the_newest_refresh_token_is_refused_the_given_one_is_tried(place: Place) -> None:
    place.process().token(SOURCE, "secret", "given")
    place.provider.known.remove("refresh-1")
    place.clock.at += timedelta(days=1)
    assert place.process().token(SOURCE, "secret", "given") == "token-3"
    assert place.provider.asked == ["given", "refresh-1", "given"]


def test_a_new_secret_takes_effect_at_once(place: Place) -> None:
    tokens = place.process()
    tokens.token(SOURCE, "secret", "given")
    place.provider.known.add("given-anew")
    assert tokens.token(SOURCE, "secret", "given-anew") == "token-2"
    assert place.provider.asked == ["given", "given-anew"]


def test_who_says_no_is_not_asked_for_every_mail(place: Place) -> None:
    tokens = place.process()
    for _ in range(3):
        with pytest.raises(NoToken, match="no such refresh token"):
            tokens.token(SOURCE, "secret", "unknown")
    assert place.provider.asked == ["unknown"]


def test_a_token_that_a_server_refuses_is_asked_for_anew_unless_it_is_young(place: Place) -> None:
    first, second = place.process(), place.process()
    first.token(SOURCE, "secret", "given")
    first.refused(SOURCE, "secret", "given", "token-1")
    assert first.token(SOURCE, "secret", "given") == "token-1"
    place.clock.at += timedelta(minutes=6)
    first.refused(SOURCE, "secret", "given", "token-1")
    assert first.token(SOURCE, "secret", "given") == "token-2"
    # Of the other process: it finds what the first one got.
    second.token(SOURCE, "secret", "given")
    assert place.provider.asked == ["given", "refresh-1"]


def test_nothing_of_it_can_be_read_in_the_store(place: Place) -> None:
    place.process().token(SOURCE, "secret", "given")
    (row,) = place.database["access_tokens"].find()
    assert not any(word in repr(row) for word in ("token-1", "refresh-1", "given", "secret"))
    assert place.process(b"another" * 5).token(SOURCE, "secret", "given") == "token-2"
