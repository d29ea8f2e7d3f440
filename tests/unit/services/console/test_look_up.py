"""How a system outside is asked: not twice a minute, not while it is unwell, not by everybody at once."""

import threading

import pytest

from chassis.errors import NotFound
from services.console.application.look_up import (
    AT_A_TIME,
    FAILURES_IN_A_ROW,
    KEPT_FOR,
    MOST_KEPT,
    REST,
    Deadline,
    LookUp,
    Remembered,
)
from services.console.domain.outside import (
    BUSY,
    EMAIL,
    FAILED,
    MALFORMED,
    PHONE,
    RESTING,
    TIMEOUT,
    UNREACHABLE,
    LookupFailed,
    Sought,
)
from tests.fakes.outside import CUSTOMER, MemoryMeasures, MemorySystem
from tests.waiting import wait_until

HANNAH = Sought(EMAIL, "hannah@post.example")
BY_PHONE = Sought(PHONE, "+4915123456789")


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def system() -> MemorySystem:
    return MemorySystem()


@pytest.fixture
def measures() -> MemoryMeasures:
    return MemoryMeasures()


@pytest.fixture
def look_up(system: MemorySystem, measures: MemoryMeasures, hands: Hands) -> LookUp:
    return LookUp([system], measures, hands)


def fail(look_up: LookUp, sought: Sought = HANNAH) -> LookupFailed:
    with pytest.raises(LookupFailed) as failed:
        look_up.find("shop", [sought])
    return failed.value


def test_an_answer_is_remembered_for_a_minute(look_up: LookUp, system: MemorySystem, hands: Hands) -> None:
    assert look_up.find("shop", [HANNAH]) == (CUSTOMER,)
    hands.now += KEPT_FOR - 1
    assert look_up.find("shop", [HANNAH]) == (CUSTOMER,)
    assert len(system.asked) == 1
    hands.now += 2
    look_up.find("shop", [HANNAH])
    assert len(system.asked) == 2


def test_that_nobody_was_found_is_remembered_too(look_up: LookUp, system: MemorySystem) -> None:
    system.customers = ()
    assert look_up.find("shop", [HANNAH]) == look_up.find("shop", [HANNAH]) == ()
    assert len(system.asked) == 1


def test_who_is_unknown_by_the_address_is_looked_for_by_the_number(
    look_up: LookUp, system: MemorySystem
) -> None:
    system.customers = ()
    look_up.find("shop", [HANNAH, BY_PHONE])
    assert system.asked == [HANNAH, BY_PHONE]


def test_who_is_known_by_the_address_is_not_looked_for_again(look_up: LookUp, system: MemorySystem) -> None:
    look_up.find("shop", [HANNAH, BY_PHONE])
    assert system.asked == [HANNAH]


def test_a_failure_is_not_remembered(look_up: LookUp, system: MemorySystem) -> None:
    system.failure = LookupFailed(MALFORMED)
    fail(look_up)
    system.failure = None
    assert look_up.find("shop", [HANNAH]) == (CUSTOMER,)


def test_memory_is_bounded_and_forgets_what_is_over(hands: Hands) -> None:
    remembered = Remembered(hands)
    for number in range(MOST_KEPT + 10):
        remembered.put("shop", Sought(EMAIL, f"{number}@post.example"), ())
    assert len(remembered) == MOST_KEPT
    assert remembered.get("shop", Sought(EMAIL, "3@post.example")) is None
    hands.now += KEPT_FOR + 1
    remembered.put("shop", HANNAH, ())
    assert len(remembered) == 1


@pytest.mark.parametrize("outcome", [TIMEOUT, UNREACHABLE, FAILED])
def test_a_system_that_fails_in_a_row_is_left_alone(
    look_up: LookUp, system: MemorySystem, outcome: str
) -> None:
    system.failure = LookupFailed(outcome)
    for _ in range(FAILURES_IN_A_ROW):
        assert fail(look_up).outcome == outcome
    refused = fail(look_up)
    assert refused.outcome == RESTING
    assert 0 < refused.retry_in <= REST
    assert len(system.asked) == FAILURES_IN_A_ROW


def test_after_its_rest_one_question_tries_and_its_answer_ends_it(
    look_up: LookUp, system: MemorySystem, hands: Hands
) -> None:
    system.failure = LookupFailed(TIMEOUT)
    for _ in range(FAILURES_IN_A_ROW):
        fail(look_up)
    hands.now += REST + 1
    # While the one that tries is under way, nobody else goes.
    system.meanwhile = lambda: outcomes.append(fail(look_up, BY_PHONE).outcome)
    outcomes: list[str] = []
    assert fail(look_up).outcome == TIMEOUT
    assert outcomes == [RESTING]
    assert fail(look_up).outcome == RESTING
    hands.now += REST + 1
    system.failure, system.meanwhile = None, lambda: None
    assert look_up.find("shop", [HANNAH]) == (CUSTOMER,)
    assert look_up.find("shop", [BY_PHONE]) == (CUSTOMER,)


def test_a_customer_whose_answer_cannot_be_read_does_not_stand_in_the_way_of_others(
    look_up: LookUp, system: MemorySystem
) -> None:
    system.failure = LookupFailed(MALFORMED)
    for _ in range(3 * FAILURES_IN_A_ROW):
        assert fail(look_up).outcome == MALFORMED
    system.failure = None
    assert look_up.find("shop", [BY_PHONE]) == (CUSTOMER,)


def test_a_success_between_failures_starts_the_count_anew(look_up: LookUp, system: MemorySystem) -> None:
    for number in range(2 * FAILURES_IN_A_ROW):
        system.failure = LookupFailed(TIMEOUT) if number % 2 else None
        if number % 2:
            assert fail(look_up, Sought(EMAIL, f"{number}@post.example")).outcome == TIMEOUT
        else:
            look_up.find("shop", [Sought(EMAIL, f"{number}@post.example")])


def test_a_system_that_hangs_takes_only_a_few_threads(look_up: LookUp, system: MemorySystem) -> None:
    let_go = threading.Event()

    def hang() -> None:
        let_go.wait(60)

    system.meanwhile = hang
    threads = [
        threading.Thread(target=look_up.find, args=("shop", [Sought(EMAIL, f"{number}@post.example")]))
        for number in range(AT_A_TIME)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(system.asked) == AT_A_TIME)
    assert fail(look_up).outcome == BUSY
    let_go.set()
    for thread in threads:
        thread.join()
    assert look_up.find("shop", [HANNAH]) == (CUSTOMER,)


def test_what_came_of_each_question_is_counted(
    look_up: LookUp, system: MemorySystem, measures: MemoryMeasures
) -> None:
    look_up.find("shop", [HANNAH])
    look_up.find("shop", [HANNAH])
    system.customers = ()
    look_up.find("shop", [BY_PHONE])
    system.failure = LookupFailed(TIMEOUT)
    fail(look_up, Sought(EMAIL, "other@post.example"))
    assert measures.outcomes == ["found", "cached", "nobody", "timeout"]
    assert len(measures.lengths) == 3


def test_a_test_asks_the_system_itself(look_up: LookUp, system: MemorySystem) -> None:
    look_up.find("shop", [HANNAH])
    look_up.test("shop", HANNAH)
    assert system.asked == [HANNAH, HANNAH]


def test_a_source_that_is_none_is_not_found(look_up: LookUp) -> None:
    with pytest.raises(NotFound):
        look_up.find("crm", [HANNAH])


def test_where_the_time_is_over_nobody_goes_on(hands: Hands) -> None:
    deadline = Deadline(hands.now + 2, hands)
    assert deadline.left() == 2
    hands.now += 2
    with pytest.raises(LookupFailed) as failed:
        deadline.left()
    assert failed.value.outcome == TIMEOUT
