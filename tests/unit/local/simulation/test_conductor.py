"""The clock goes to where something happens, and nowhere else."""

from datetime import UTC, datetime, timedelta

from local.simulation.conductor import Conductor

NINE = datetime(2026, 10, 26, 9, tzinfo=UTC)


class Alarms:
    """A clock with alarms; those that are due go off while all comes to rest."""

    def __init__(self, *due: datetime) -> None:
        self.moment = NINE
        self.due = sorted(due)
        self.told: list[tuple[str, datetime]] = []

    def now(self) -> datetime:
        return self.moment

    def move(self, moment: datetime) -> None:
        assert moment > self.moment
        self.moment = moment

    def settle(self) -> None:
        while self.due and self.due[0] <= self.moment:
            self.told.append(("alarm", self.due.pop(0)))

    def next_due(self) -> datetime | None:
        return self.due[0] if self.due else None


def minutes(number: int) -> datetime:
    return NINE + timedelta(minutes=number)


def conductor(alarms: Alarms) -> Conductor:
    return Conductor(alarms, alarms.settle, alarms.next_due)


def test_people_and_alarms_come_at_their_moments_in_order() -> None:
    alarms = Alarms(minutes(5), minutes(20))
    played = conductor(alarms)
    for at in (10, 2):
        played.agenda.plan(minutes(at), lambda now: alarms.told.append(("person", now)))
    played.play(minutes(30))
    assert alarms.told == [
        ("person", minutes(2)),
        ("alarm", minutes(5)),
        ("person", minutes(10)),
        ("alarm", minutes(20)),
    ]
    assert (alarms.now(), played.moves) == (minutes(30), 5)


def test_what_is_due_has_happened_before_anybody_acts_at_that_moment() -> None:
    alarms = Alarms(minutes(5))
    played = conductor(alarms)
    played.agenda.plan(minutes(5), lambda now: alarms.told.append(("person", now)))
    played.play(minutes(5))
    assert [who for who, _ in alarms.told] == ["alarm", "person"]


def test_nothing_behind_the_end_happens() -> None:
    alarms = Alarms(minutes(31))
    played = conductor(alarms)
    played.agenda.plan(minutes(31), lambda now: alarms.told.append(("person", now)))
    played.play(minutes(30))
    assert alarms.told == []
    assert alarms.now() == minutes(30)


def test_who_acts_may_plan_and_what_is_late_is_done_at_once() -> None:
    alarms = Alarms()
    played = conductor(alarms)

    def first(now: datetime) -> None:
        alarms.told.append(("first", now))
        played.agenda.plan(now, lambda at: alarms.told.append(("at once", at)))
        played.agenda.plan(minutes(1), lambda at: alarms.told.append(("late", at)))

    played.agenda.plan(minutes(4), first)
    played.play(minutes(9))
    assert sorted(alarms.told) == [("at once", minutes(4)), ("first", minutes(4)), ("late", minutes(4))]


def test_a_second_act_goes_on_from_the_first() -> None:
    alarms = Alarms(minutes(15))
    played = conductor(alarms)
    played.play(minutes(10))
    assert alarms.told == []
    played.play(minutes(15))
    assert alarms.told == [("alarm", minutes(15))]


def test_it_ends_where_it_is_told_to() -> None:
    alarms = Alarms(minutes(15))
    conductor(alarms).play(minutes(20), is_over=lambda: True)
    assert alarms.now() == NINE
