from datetime import timedelta

import pytest

from chassis.errors import Unavailable
from chassis.tokens import SYSTEM, CachedAuthenticator, Principal

ANN = Principal("t1", "agent", "a1", "Ann")


class Tokens:
    """A store of tokens that counts how often it is asked."""

    def __init__(self, **known: Principal) -> None:
        self.known = known
        self.asked: list[str] = []
        self.is_away = False

    def check(self, token: str) -> Principal | None:
        self.asked.append(token)
        if self.is_away:
            raise Unavailable("the store")
        return self.known.get(token)


class Watch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_token_is_asked_about_once_within_its_time() -> None:
    store, watch = Tokens(good=ANN), Watch()
    authenticate = CachedAuthenticator(store.check, ttl=timedelta(seconds=30), monotonic=watch)
    assert authenticate("good") == ANN
    watch.seconds += 29
    assert authenticate("good") == ANN
    assert store.asked == ["good"]


def test_a_withdrawn_token_is_refused_once_its_time_is_over() -> None:
    store, watch = Tokens(good=ANN), Watch()
    authenticate = CachedAuthenticator(store.check, ttl=timedelta(seconds=30), monotonic=watch)
    authenticate("good")
    del store.known["good"]
    watch.seconds += 31
    assert authenticate("good") is None


def test_an_unknown_token_is_remembered_as_unknown() -> None:
    store = Tokens()
    authenticate = CachedAuthenticator(store.check)
    assert authenticate("bad") is None
    assert authenticate("bad") is None
    assert store.asked == ["bad"]


def test_made_up_tokens_do_not_drive_out_good_ones() -> None:
    store = Tokens(good=ANN)
    authenticate = CachedAuthenticator(store.check, size=10)
    authenticate("good")
    for number in range(100):
        authenticate(f"bad-{number}")
    store.asked.clear()
    assert authenticate("good") == ANN
    assert store.asked == []


def test_the_memory_is_bounded() -> None:
    store = Tokens(**{f"t{number}": ANN for number in range(50)})
    authenticate = CachedAuthenticator(store.check, size=10)
    for number in range(50):
        authenticate(f"t{number}")
    store.asked.clear()
    authenticate("t49")
    authenticate("t0")
    assert store.asked == ["t0"]


def test_the_internal_token_is_the_system_and_is_never_asked_about() -> None:
    store = Tokens()
    authenticate = CachedAuthenticator(store.check, internal_token="inside")
    principal = authenticate("inside")
    assert principal is not None
    assert principal.role == SYSTEM
    assert store.asked == []
    assert authenticate("insidE") is None


def test_without_an_internal_token_an_empty_one_is_nobody() -> None:
    store = Tokens()
    assert CachedAuthenticator(store.check)("") is None
    assert store.asked == []


@pytest.mark.parametrize("token", ["x" * 513, "ключ", "\udcff", "\x00"])
def test_odd_tokens_are_nobody(token: str) -> None:
    assert CachedAuthenticator(Tokens().check, internal_token="inside")(token) is None


def test_a_store_that_is_away_is_not_remembered() -> None:
    store = Tokens(good=ANN)
    authenticate = CachedAuthenticator(store.check)
    store.is_away = True
    with pytest.raises(Unavailable):
        authenticate("good")
    store.is_away = False
    assert authenticate("good") == ANN
