"""What falls due while those who look for it sleep, die or have a wrong clock: nothing fires early, twice or never."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relaydesk.sla.v1.events_pb2 import TimerFired
from tests.chaos.site import let_pass
from tests.sla_replicas import Replicas
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

TIMERS = 1_500
# How long the timers of a test go on falling due: harm is done while they do.
SPAN = timedelta(seconds=9)
# Longer than the lease of a share (3 s).
FROST = 5.0


@pytest.fixture
def replicas(vhost: str, mongo_url: str, database_prefix: str, tmp_path: Path) -> Iterator[Replicas]:
    with Replicas(vhost, mongo_url, database_prefix, tmp_path) as replicas:
        yield replicas


def soon(replicas: Replicas) -> set[str]:
    """Timers of which one falls due every few milliseconds from two seconds on; answers their events."""
    begins = datetime.now(UTC) + timedelta(seconds=2)
    return replicas.arm(lambda number: begins + SPAN * number / TIMERS, TIMERS)


def stand_together(replicas: Replicas, *names: str) -> None:
    """Start these; return when they and all before them have a share."""
    for name in names:
        replicas.start(name)
    wait_until(
        lambda: replicas.members() == len(replicas.children),
        describe=lambda: f"{len(replicas.children)} members; there are {replicas.members()}",
    )


def judge(replicas: Replicas, expected: set[str], *, left: int = 0) -> None:
    """Everything fired once, by the store and by what was said, and at its moment or later; so many are armed still."""
    wait_until(
        lambda: len({said.event_id for said, _ in replicas.witness.of("TimerFired")}) >= len(expected),
        timeout=90,
        describe=lambda: f"{len(replicas.witness.of('TimerFired'))} of {len(expected)} facts",
    )
    said = {envelope.event_id: envelope for envelope, _ in replicas.witness.of("TimerFired")}
    assert set(said) == expected
    early = [
        name
        for name, envelope in said.items()
        if envelope.occurred_at.ToNanoseconds() < TimerFired.FromString(envelope.body).due_at.ToNanoseconds()
    ]
    assert early == []
    # Written with its firing and fenced by its edition: a second one would have needed a third.
    rows = replicas.database["timers"].find({}, {"state": 1, "edition": 1})
    counts = Counter((row["state"], row["edition"]) for row in rows)
    assert +counts == +Counter({("fired", 2): len(expected), ("armed", 1): left})


@pytest.mark.chaos
def test_timers_fire_once_when_a_replica_sleeps_past_its_lease(replicas: Replicas) -> None:
    stand_together(replicas, "first", "second")
    expected = soon(replicas)
    let_pass(3)
    replicas.children["first"].freeze()
    let_pass(FROST)
    replicas.children["first"].thaw()
    judge(replicas, expected)


@pytest.mark.exhaustive
def test_timers_fire_once_when_every_replica_sleeps_in_turn(replicas: Replicas) -> None:
    stand_together(replicas, "first", "second", "third")
    expected = soon(replicas)
    for name in ("first", "second", "third"):
        replicas.children[name].freeze()
        let_pass(FROST)
        replicas.children[name].thaw()
    judge(replicas, expected)


@pytest.mark.exhaustive
def test_timers_fire_once_when_replicas_are_killed_in_mid_work(replicas: Replicas) -> None:
    stand_together(replicas, "first", "second")
    expected = soon(replicas)
    for name in ("first", "second", "first"):
        let_pass(2.5)
        replicas.children[name].kill9()
        replicas.start(name)
    judge(replicas, expected)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("after-claim-before-fire", marks=pytest.mark.chaos),
        pytest.param("after-commit-before-ack", marks=pytest.mark.exhaustive),
        pytest.param("after-publish-before-mark", marks=pytest.mark.exhaustive),
    ],
)
def test_timers_fire_once_when_a_replica_dies_at_a_point_of_the_road(replicas: Replicas, point: str) -> None:
    stand_together(replicas, "second")
    armed = replicas.start("first", FAILPOINTS=f"{point}=kill@2")
    # Not before it is there: the other alone would be done with all of them.
    stand_together(replicas)
    expected = soon(replicas)
    wait_until(lambda: not armed.is_running, describe=f"a death at {point}")
    replicas.start("first")
    judge(replicas, expected)


@pytest.mark.parametrize(
    "hours",
    [pytest.param("+2h", marks=pytest.mark.chaos), pytest.param("-2h", marks=pytest.mark.exhaustive)],
)
def test_nothing_fires_early_or_never_where_the_clock_of_a_replica_is_two_hours_off(
    replicas: Replicas, hours: str
) -> None:
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    # What the kernel counts from its start stays true, as on a machine whose wall clock is wrong.
    wrong = replicas.start("wrong", LD_PRELOAD=str(library), FAKETIME=hours, FAKETIME_DONT_FAKE_MONOTONIC="1")
    stand_together(replicas, "right")
    assert "libfaketime" in Path(f"/proc/{wrong.pid}/maps").read_text()
    expected = soon(replicas)
    replicas.arm(lambda _: datetime.now(UTC) + timedelta(hours=1), 100)
    judge(replicas, expected, left=100)
    assert wrong.is_running


@pytest.mark.exhaustive
def test_a_replica_with_a_wrong_clock_does_all_of_it_alone_at_the_right_moments(replicas: Replicas) -> None:
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    replicas.start("wrong", LD_PRELOAD=str(library), FAKETIME="+2h", FAKETIME_DONT_FAKE_MONOTONIC="1")
    expected = soon(replicas)
    replicas.arm(lambda _: datetime.now(UTC) + timedelta(hours=1), 100)
    judge(replicas, expected, left=100)
