"""Other promises for a past period, on a store that the real service filled from facts."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import rpc
from chassis.errors import FailedPrecondition, InvalidField, InvalidFields, NotFound
from chassis.leases import Lease
from cli.__main__ import main as relaydesk
from relaydesk.sla.v1 import service_pb2
from relaydesk.sla.v1 import what_if_pb2 as pb
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.sla.v1.what_if_pb2_grpc import WhatIfServiceStub
from services.console.adapters.calls import Caller
from services.console.adapters.what_ifs import GrpcWhatIfs
from services.console.domain.what_if import WhatIfDraft
from services.sla import __main__ as main
from services.sla.adapters import what_if_counter
from services.sla.adapters.mongo import Shelf
from services.sla.adapters.mongo.documents import clock_rows, history_of_row
from services.sla.adapters.mongo.what_ifs import MOST_WAITING, WhatIfs
from services.sla.adapters.what_if_counter import MOST_TRIES, WhatIfCounter
from services.sla.config import Settings
from services.sla.domain.policy import TARGETS
from services.sla.domain.target import TargetState
from services.sla.domain.what_if import compared, outcome_of
from tests.integration.service_desk import INTERNAL, ServiceDesk, common
from tests.random_lives import CHANNELS, a_life
from tests.waiting import wait_until

LIVES = 60
NOW = datetime.now(UTC).replace(microsecond=0)
BEGUN = NOW - timedelta(days=20)
HOURS = [service_pb2.OpenWindow(weekday=day, opens="09:00", closes="18:00") for day in range(1, 6)]


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        what_if_every=timedelta(milliseconds=50),
        # Nobody is there.
        tickets_address="127.0.0.1:1",
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def port(desk: ServiceDesk) -> int:
    (server,) = (part for part in desk.role("serve") if part.name == "rpc")
    return int(server.port)  # type: ignore[attr-defined]


@pytest.fixture
def sla(desk: ServiceDesk, port: int) -> SlaServiceStub:
    return SlaServiceStub(desk.channel(port))


@pytest.fixture
def what_ifs(desk: ServiceDesk, port: int) -> WhatIfServiceStub:
    return WhatIfServiceStub(desk.channel(port))


@pytest.fixture
def lived(desk: ServiceDesk, sla: SlaServiceStub) -> int:
    """Tickets of twenty days, as the service heard of them, under a policy for each target; answers how many."""
    calendar = service_pb2.Calendar(id="office", name="Office", zone="Europe/Lisbon", windows=HOURS)
    sla.SaveCalendar(service_pb2.SaveCalendarRequest(calendar=calendar), timeout=60)
    for policy in (a_policy("claims", 1, groups=["claims"], counts=["notes"]), a_policy("standard", 2)):
        sla.SavePolicy(service_pb2.SavePolicyRequest(policy=policy), timeout=60)
    # They were saved before anything happened.
    for rows in ("policies", "calendars"):
        desk.database[rows].update_many({}, {"$set": {"saved_at": BEGUN - timedelta(days=9)}})
    desk.database["book"].update_one({"_id": "count"}, {"$inc": {"count": 1}})
    chance = random.Random(7)
    facts = []
    for number in range(LIVES):
        begun = BEGUN + timedelta(minutes=chance.randrange(19 * 1_440))
        facts += a_life(chance, f"t{number:03}", begun, NOW - timedelta(minutes=5))
    order = list(facts)
    chance.shuffle(order)
    desk.role("listen")
    desk.publish(*order)

    def heard() -> bool:
        rows = desk.database["clocks"].find({}, {"seen_to": 1})
        return sum(int(row["seen_to"]) for row in rows) == len(facts)

    wait_until(heard, timeout=60, describe="every fact in its clock")
    return LIVES


def a_policy(policy_id: str, position: int, *, hours: float = 3, **more: Any) -> service_pb2.Policy:
    targets = [
        service_pb2.PolicyTarget(name=name, within_seconds=int(hours * 3_600), time="business")
        for name in TARGETS
    ]
    return service_pb2.Policy(
        id=policy_id, name=policy_id, position=position, calendar_id="office", targets=targets, **more
    )


def a_request(**more: Any) -> pb.StartWhatIfRequest:
    request = pb.StartWhatIfRequest(**more)
    getattr(request, "from").FromDatetime(BEGUN)
    request.to.FromDatetime(NOW)
    return request


def start(what_ifs: WhatIfServiceStub, **more: Any) -> pb.WhatIf:
    return what_ifs.StartWhatIf(a_request(**more), timeout=60).what_if


def get(what_ifs: WhatIfServiceStub, what_if_id: str) -> pb.WhatIf:
    return what_ifs.GetWhatIf(pb.GetWhatIfRequest(id=what_if_id), timeout=60).what_if


def over(what_ifs: WhatIfServiceStub, what_if_id: str) -> pb.WhatIf:
    wait_until(
        lambda: get(what_ifs, what_if_id).state not in ("queued", "running"),
        timeout=60,
        describe="the what-if to be over",
    )
    return get(what_ifs, what_if_id)


def turns(what_ifs: WhatIfServiceStub, what_if_id: str, **more: Any) -> list[pb.WhatIfTurn]:
    request = pb.ListWhatIfTurnsRequest(id=what_if_id, page_size=7, **more)
    found: list[pb.WhatIfTurn] = []
    while True:
        page = what_ifs.ListWhatIfTurns(request, timeout=60)
        found += page.turns
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


def whole(what_if: pb.WhatIf) -> dict[str, pb.WhatIfSum]:
    return {one.target: one for one in what_if.sums if not one.by}


# By ticket, and the name and beginning of a target: whether it was missed, and whether kept.
Record = dict[tuple[str, str], tuple[bool, bool]]


def recorded(desk: ServiceDesk) -> Record:
    """What was said of every target of every ticket."""
    return {
        (row["_id"], key): (breached, met)
        for row in desk.database["clocks"].find()
        for key, _, _, _, breached, met in row["said"]
    }


def of_targets(record: Record) -> dict[str, tuple[int, int]]:
    """How many of each were met, and how many missed."""
    found: dict[str, tuple[int, int]] = {}
    for (_, key), (breached, met) in record.items():
        before = found.get(key.rpartition(":")[0], (0, 0))
        found[key.rpartition(":")[0]] = before[0] + met, before[1] + breached
    return found


def counted(desk: ServiceDesk, what_if_id: str, side: str) -> Record:
    """The same as the question has it, on one side of it."""
    what_if = WhatIfs(desk.database).get(what_if_id)
    assert what_if is not None
    shelf = Shelf(desk.database)
    found: Record = {}
    _, before = shelf.newest()
    after = shelf.imagined(what_if.policies, what_if.calendars)
    for row in clock_rows(desk.database).find():
        for pair in compared(history_of_row(row), before, after, what_if.period):
            state: TargetState = getattr(pair, side)
            key = f"{state.name}:{int(state.started_at.timestamp() * 1_000)}"
            outcome = outcome_of(state)
            found[row["_id"], key] = outcome == "breached", outcome == "met"
    return found


def settled(desk: ServiceDesk) -> None:
    """What fell due long ago was said: the real alarms fire until none is left."""
    past = {"alarm_at": {"$lte": datetime.now(UTC)}}
    wait_until(
        lambda: desk.database["clocks"].count_documents(past) == 0,
        timeout=60,
        describe="everything that fell due to be said",
    )


def test_with_the_same_policy_and_calendar_it_is_the_record(
    desk: ServiceDesk, sla: SlaServiceStub, what_ifs: WhatIfServiceStub, lived: int
) -> None:
    desk.role("work")
    drafts = [a_policy("claims", 1, groups=["claims"], counts=["notes"]), a_policy("standard", 2)]
    calendar = service_pb2.Calendar(id="office", name="Office", zone="Europe/Lisbon", windows=HOURS)
    questions: tuple[dict[str, Any], ...] = ({}, {"policies": drafts, "calendars": [calendar]})
    for more in questions:
        settled(desk)
        while True:
            record = recorded(desk)
            told = over(what_ifs, start(what_ifs, **more).id)
            settled(desk)
            # Else something fell due meanwhile.
            if recorded(desk) == record:
                break
        assert (told.state, told.done, told.total) == ("done", lived, lived)
        assert (told.tickets, told.incomplete) == (lived, 0)
        assert all(one.before == one.after for one in told.sums)
        assert turns(what_ifs, told.id) == []
        sums = {name: (one.before.met, one.before.breached) for name, one in whole(told).items()}
        assert sums == of_targets(record)
        assert sum(breached for _, breached in sums.values()) > 20
        assert counted(desk, told.id, "before") == record
        assert counted(desk, told.id, "after") == record


def test_other_hours_and_targets_turn_what_they_turn_taken_apart_down_to_the_ticket(
    desk: ServiceDesk, sla: SlaServiceStub, what_ifs: WhatIfServiceStub, lived: int
) -> None:
    saturday = service_pb2.OpenWindow(weekday=6, opens="10:00", closes="14:00")
    wide = service_pb2.Calendar(id="office", name="Office", zone="Europe/Lisbon", windows=[*HOURS, saturday])
    longer = a_policy("standard", 2, hours=9)
    desk.role("work")
    told = over(what_ifs, start(what_ifs, policies=[longer], calendars=[wide]).id)
    sums, found = whole(told), turns(what_ifs, told.id)
    for name, one in sums.items():
        of_it = [turn for turn in found if turn.target == name]
        assert sum(turn.turn == "newly_breached" for turn in of_it) == one.newly_breached
        assert sum(turn.turn == "no_longer_breached" for turn in of_it) == one.no_longer_breached
        assert one.after.breached - one.before.breached == one.newly_breached - one.no_longer_breached
    assert {turn.turn for turn in found} == {"newly_breached", "no_longer_breached"}
    for turn in found:
        # How much it is late on the side on which it is late.
        late = turn.after if turn.turn == "newly_breached" else turn.before
        assert late.outcome == "breached"
        assert late.spare_seconds <= 0
    by_channel = [one for one in told.sums if one.by == "channel"]
    assert {one.value for one in by_channel} == set(CHANNELS)
    for name, one in sums.items():
        parts = [part for part in by_channel if part.target == name]
        assert sum(part.newly_breached for part in parts) == one.newly_breached
        assert sum(part.before.met for part in parts) == one.before.met
    one_way = turns(what_ifs, told.id, turn="no_longer_breached", target="resolution")
    assert one_way == [
        turn for turn in found if turn.turn == "no_longer_breached" and turn.target == "resolution"
    ]
    # Nothing was saved by it.
    listed = sla.ListPolicies(service_pb2.ListPoliciesRequest(), timeout=60).policies
    assert [policy.version for policy in listed] == [1, 1]


@pytest.fixture
def counter(desk: ServiceDesk) -> Callable[[], WhatIfCounter]:
    """Another process that would go on."""
    parts = desk.parts("other")
    return lambda: WhatIfCounter(parts.database, parts.clock, Shelf(parts.database))


def a_lease(fence: int) -> Lease:
    return Lease("what-ifs", f"holder-{fence}", fence, 10**9)


def test_what_a_dead_process_counted_stays_and_another_goes_on_from_there(
    desk: ServiceDesk,
    what_ifs: WhatIfServiceStub,
    lived: int,
    counter: Callable[[], WhatIfCounter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(what_if_counter, "STEP", 7)
    straight = start(what_ifs, policies=[a_policy("standard", 2, hours=9)])
    one = counter()
    while get(what_ifs, straight.id).state != "done":
        assert one.count(a_lease(1))
    broken = start(what_ifs, policies=[a_policy("standard", 2, hours=9)])
    first, second = counter(), counter()
    assert first.count(a_lease(1))
    assert (get(what_ifs, broken.id).state, get(what_ifs, broken.id).done) == ("running", 7)

    class Killed(Exception):
        pass

    def die(*_: object) -> None:
        raise Killed

    # It dies after the piece, before the row.
    with monkeypatch.context() as patched:
        patched.setattr(first._what_ifs, "end_step", die)
        with pytest.raises(Killed):
            first.count(a_lease(1))
    assert get(what_ifs, broken.id).done == 7
    while get(what_ifs, broken.id).state != "done":
        assert second.count(a_lease(2))
    assert second.count(a_lease(2)) is False
    assert list(get(what_ifs, broken.id).sums) == list(get(what_ifs, straight.id).sums)
    assert turns(what_ifs, broken.id) == turns(what_ifs, straight.id)


def test_one_that_cannot_be_counted_fails_and_does_not_stop_the_next(
    desk: ServiceDesk,
    what_ifs: WhatIfServiceStub,
    lived: int,
    counter: Callable[[], WhatIfCounter],
) -> None:
    poisoned, well = start(what_ifs), start(what_ifs)
    one = counter()
    desk.database["what_ifs"].update_one({"_id": poisoned.id}, {"$set": {"tries": MOST_TRIES}})
    while one.count(a_lease(1)):
        pass
    assert get(what_ifs, poisoned.id).state == "failed"
    assert get(what_ifs, poisoned.id).reason == "the tickets after 0 could not be counted 5 times"
    assert get(what_ifs, well.id).state == "done"


def test_one_that_is_cancelled_is_over_and_counts_no_further(
    desk: ServiceDesk,
    what_ifs: WhatIfServiceStub,
    lived: int,
    counter: Callable[[], WhatIfCounter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(what_if_counter, "STEP", 7)
    asked, one = start(what_ifs), counter()
    one.count(a_lease(1))
    told = what_ifs.CancelWhatIf(pb.CancelWhatIfRequest(id=asked.id), timeout=60).what_if
    assert (told.state, told.done) == ("cancelled", 7)
    assert one.count(a_lease(1)) is False
    assert get(what_ifs, asked.id).done == 7
    # One that is over stays as it is.
    assert what_ifs.CancelWhatIf(pb.CancelWhatIfRequest(id=asked.id), timeout=60).what_if == told


def test_a_repeat_gets_the_first_one_and_too_many_are_refused(
    what_ifs: WhatIfServiceStub, lived: int
) -> None:
    first = start(what_ifs, idempotency_key="k1")
    assert start(what_ifs, idempotency_key="k1").id == first.id
    for _ in range(MOST_WAITING - 1):
        start(what_ifs)
    with pytest.raises(FailedPrecondition):
        start(what_ifs)
    assert start(what_ifs, idempotency_key="k1").id == first.id
    listed = what_ifs.ListWhatIfs(pb.ListWhatIfsRequest(), timeout=60).what_ifs
    assert len(listed) == MOST_WAITING
    assert listed[-1].id == first.id


def test_what_cannot_be_asked_is_refused_by_its_field(
    desk: ServiceDesk, what_ifs: WhatIfServiceStub, lived: int
) -> None:
    def refused(request: pb.StartWhatIfRequest) -> set[str]:
        with pytest.raises(InvalidFields) as refusal:
            what_ifs.StartWhatIf(request, timeout=60)
        return {one.field for one in refusal.value.fields}

    never = service_pb2.Calendar(id="office", name="Office", zone="Europe/Lisbon")
    unknown = a_policy("nobodys", 9)
    assert refused(a_request(calendars=[never], policies=[unknown])) == {
        "calendars[0].windows",
        "policies[0].id",
    }
    assert refused(pb.StartWhatIfRequest()) == {"from", "to"}
    early, late = a_request(), a_request()
    getattr(early, "from").FromDatetime(BEGUN - timedelta(days=400))
    late.to.FromDatetime(NOW + timedelta(days=1))
    assert (refused(early), refused(late)) == ({"from"}, {"to"})
    day = service_pb2.Calendar(id="x", name="X", zone="UTC", windows=HOURS, holidays=["2026-02-30"])
    assert refused(a_request(calendars=[day])) == {"calendars[0].holidays[0]"}
    asked = start(what_ifs)
    for request in (
        pb.ListWhatIfTurnsRequest(id=asked.id, page_token="else:00000000.1"),
        pb.ListWhatIfTurnsRequest(id=asked.id, turn="sideways"),
        pb.ListWhatIfTurnsRequest(id=asked.id, target="lunch"),
        pb.ListWhatIfTurnsRequest(id=asked.id, page_size=201),
    ):
        with pytest.raises(InvalidFields):
            what_ifs.ListWhatIfTurns(request, timeout=60)
    with pytest.raises(NotFound):
        get(what_ifs, "nobody")
    with pytest.raises(NotFound):
        what_ifs.CancelWhatIf(pb.CancelWhatIfRequest(id="nobody"), timeout=60)


def test_of_a_later_period_older_tickets_are_told_with_what_began_in_it(
    desk: ServiceDesk, what_ifs: WhatIfServiceStub, lived: int, counter: Callable[[], WhatIfCounter]
) -> None:
    request = a_request()
    getattr(request, "from").FromDatetime(NOW - timedelta(days=5))
    asked = what_ifs.StartWhatIf(request, timeout=60).what_if
    one = counter()
    while one.count(a_lease(1)):
        pass
    told = get(what_ifs, asked.id)
    assert (told.done, told.total) == (lived, lived)
    begun_in_it = sum(
        int(key.rpartition(":")[2]) >= (NOW - timedelta(days=5)).timestamp() * 1_000
        for row in desk.database["clocks"].find()
        for key, *_ in row["said"]
    )
    outcomes = [one.before for one in told.sums if not one.by]
    assert sum(one.met + one.breached + one.open + one.cancelled for one in outcomes) == begun_in_it
    created_in_it = desk.database["clocks"].count_documents(
        {"ticket.created_at": {"$gte": NOW - timedelta(days=5)}}
    )
    assert created_in_it < told.tickets < lived


def test_files_are_tried_on_the_past_from_the_command_line(
    port: int,
    desk: ServiceDesk,
    lived: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token_file = tmp_path / "internal.token"
    token_file.write_text(INTERNAL + "\n")
    monkeypatch.delenv("RELAYDESK_TOKEN", raising=False)
    monkeypatch.setenv("INTERNAL_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("SLA_ADDRESS", f"127.0.0.1:{port}")
    desk.role("work")
    policy, calendar = tmp_path / "standard.yaml", tmp_path / "office.yaml"
    policy.write_text(
        "policy: {id: standard, name: Standard, position: 2, calendar_id: office, "
        "targets: [{name: first_reply, within_seconds: 60, time: business}]}\n"
    )
    calendar.write_text(
        "calendar: {id: office, name: Office, zone: Europe/Lisbon, "
        "windows: [{weekday: 6, opens: 10:00, closes: 14:00}]}\n"
    )
    asked = ["sla", "what-if", str(policy), str(calendar), "--from", f"{BEGUN:%Y-%m-%dT%H:%M}", "--to", "1m"]
    assert relaydesk([*asked, "--by", "group", "--limit", "3"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].startswith(f"{lived} tickets, ")
    assert captured.err.splitlines()[0].endswith(" tickets")
    assert [line.split()[:1] for line in lines].count(["claims"]) == len(TARGETS)
    listed = [line for line in lines if line.startswith("t0")]
    assert len(listed) == 3
    assert lines[-1].startswith("kept until ")
    assert relaydesk(["sla", "what-if", str(policy), "--from", "9000d"]) == 1
    assert "from: expected at most a day before" in capsys.readouterr().err


def test_the_console_asks_with_hours_as_they_are_typed(desk: ServiceDesk, port: int, lived: int) -> None:
    channel = rpc.channel(f"127.0.0.1:{port}", INTERNAL, deadline=timedelta(minutes=1))
    console = GrpcWhatIfs(channel, Caller("sla"))
    weekdays = (*("09:00-13:00, 14:00-20:00",) * 5, "10:00-14:00", "")
    draft = WhatIfDraft(
        BEGUN, NOW, "standard", ("1,5",) * len(TARGETS), "office", calendar_id="office", weekdays=weekdays
    )
    asked = console.start(draft, "")
    assert console.get(asked).is_under_way
    desk.role("work")
    wait_until(lambda: not console.get(asked).is_under_way, timeout=60, describe="the what-if to be over")
    told = console.get(asked)
    assert (told.state, told.done, told.total, told.tickets) == ("done", lived, lived, lived)
    assert told.drafts == ("standard", "Office")
    assert {one.by for one in told.sums} == {"", "channel", "group", "tag"}
    page = console.turns(asked, "newly_breached", "", "")
    assert page.turns[0].after is not None
    assert page.turns[0].after.spare <= timedelta(0)
    console.cancel(asked, "")
    assert [one.state for one in console.list()] == ["done"]
    with pytest.raises(NotFound):
        console.start(replace(draft, policy_id="nobodys"), "")
    with pytest.raises(InvalidField) as refusal:
        console.start(replace(draft, within=("soon",)), "")
    assert refusal.value.field == "policies[0].targets[0]"
    with pytest.raises(InvalidFields) as refused:
        console.start(replace(draft, weekdays=("",) * 7), "")
    assert [one.field for one in refused.value.fields] == ["calendars[0].windows"]
    channel.close()
