"""People play a season on the whole system, and the system counted what they did."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.roles import Ports
from local.simulation.audit import Outcome, audit
from local.simulation.doors import Doors
from local.simulation.ledger import Kind, Ledger
from local.simulation.people import People
from local.simulation.season import Season, season_of
from local.simulation.stage import stage

# Lisbon's clocks change in the night to Sunday.
THURSDAY = datetime(2026, 10, 22, tzinfo=UTC)


def played(folder: Path, season: Season) -> tuple[Outcome, Ledger]:
    """What the system says of a season that was played from its beginning to its end."""
    with stage(folder, Ports.free(), season.begin) as place:
        doors, ledger = Doors(place.endpoints), Ledger()
        doors.open()
        conductor = place.conductor()
        people = People(season, conductor.agenda, doors, ledger)
        conductor.settled = people.settled
        people.begin()
        conductor.play(season.end)
        assert place.clock.now() == season.end
        return audit(place, doors, ledger, season.begin, season.end), ledger


def moments(ledger: Ledger) -> list[object]:
    """Everything that was done and when; notices of mail servers have names that no seed chooses."""
    sent = [(one.at, one.kind, one.channel) for one in ledger.sent]
    return [sent, ledger.replied, ledger.solved, ledger.reopened, ledger.notes]


# A minute where the machine is ours; it waits for no more than two minutes at each moment.
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_days_lose_nothing_and_every_count_is_the_generators(tmp_path: Path) -> None:
    season = season_of(THURSDAY, 2, 3, 6)
    outcome, ledger = played(tmp_path, season)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.tickets == len(season.letters) == len(ledger.of(Kind.FIRST, Kind.SPAM))
    assert ledger.of(Kind.ANSWER)
    assert ledger.replied
    assert outcome.met > 0


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_two_plays_of_a_season_come_to_the_same(tmp_path: Path) -> None:
    # With a busy day and an outage, after which some promises are broken.
    season = season_of(THURSDAY, 9, 5, 12)
    (first, one), (second, other) = (played(tmp_path / name, season) for name in ("first", "second"))
    assert not first.faults, "\n".join(first.faults)
    assert first == second
    assert first.breached > 0
    assert moments(one) == moments(other)
