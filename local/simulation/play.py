"""What `make simulate` does: plays a season on a system of its own, checks it, and leaves it to be looked at."""

import shutil
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException
from urllib.error import URLError

import grpc

from chassis.clock import DatabaseClock, epoch_milliseconds
from local.demo import AGENTS, PASSWORD
from local.habits import KEPT_BY_CLEAN_DATA, check_ports, ports_of, say, told_to_end
from local.log_lines import LogLines
from local.process_list import end_left_over, read_list
from local.run_lock import RunsAlready, run_lock
from local.simulation.audit import Outcome, audit
from local.simulation.config import SimulationConfig
from local.simulation.doors import Doors
from local.simulation.ledger import Kind, Ledger
from local.simulation.people import Lost, People
from local.simulation.season import Season, season_of
from local.simulation.stage import Stage, stage

_TELL_EVERY = 5.0
# What is left to the present when the clock may run on by itself.
_PRESENT = timedelta(seconds=5)


def simulate(config: SimulationConfig) -> int:
    """Play a season from nothing; stay until Ctrl-C. 1 where a count differs."""
    folder = config.simulation_folder
    try:
        with run_lock(folder), told_to_end() as end:
            end_left_over(read_list(folder / "processes.json"))
            for entry in folder.iterdir():
                if entry.name in KEPT_BY_CLEAN_DATA:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            ports = ports_of(config)
            check_ports(ports)
            present = datetime.fromtimestamp(epoch_milliseconds() // 1000, UTC)
            begin = config.starts_at or present - timedelta(days=config.days)
            season = season_of(begin, config.days, config.seed, config.letters_a_day)
            shown = LogLines(sys.stdout, everything=config.show_logs == "all")
            with stage(folder, ports, begin, say=say, show=shown, log_level=config.log_level) as played:
                outcome = _play(played, season, end, goes_on_now=config.starts_at is None)
                if outcome is None:
                    return 0
                _stay(played, end)
                return 1 if outcome.faults else 0
    except RunsAlready as holder:
        say(f"a simulation runs already as {holder}")
        return 1
    except (grpc.RpcError, SMTPException, URLError, Lost) as no:
        say(f"a door said no, or what it said yes to is not there: {' '.join(str(no).split())[:500]}")
        return 1
    finally:
        say("stopped")


def _play(stage: Stage, season: Season, end: threading.Event, *, goes_on_now: bool) -> Outcome | None:
    """The whole season; None where it was told to end before."""
    started = time.monotonic()
    doors, ledger = Doors(stage.endpoints), Ledger()
    doors.open()
    conductor = stage.conductor()
    people = People(season, conductor.agenda, doors, ledger)
    conductor.settled = _Telling(people, ledger, season, end)
    people.begin()
    say(
        f"playing {season.days} days from {season.begin:%Y-%m-%d %H:%M} UTC, seed {season.seed}: "
        f"{len(season.letters)} letters; Ctrl-C stops"
    )
    conductor.play(season.end, end.is_set)
    if goes_on_now:
        # It ended when it began: what falls due meanwhile is played too, until both times are one.
        present = DatabaseClock(stage.client)
        while not end.is_set() and present.now() - stage.clock.now() > _PRESENT:
            conductor.play(present.now(), end.is_set)
    if end.is_set():
        return None
    say("checking it against what was sent")
    stood = stage.clock.now()
    outcome = audit(stage, doors, ledger, season.begin, stood)
    stage.clock.let_go()
    print(_summary(season, ledger, outcome, conductor.moves, time.monotonic() - started), flush=True)
    print(_next_steps(stage, stood), flush=True)
    return outcome


def _stay(stage: Stage, end: threading.Event) -> None:
    while not end.wait(1):
        for line in stage.nodes.revive():
            say(line)
    say("stopping")


class _Telling:
    """Lets people act, and tells how far it has come every few seconds."""

    def __init__(self, people: People, ledger: Ledger, season: Season, end: threading.Event) -> None:
        self._people = people
        self._ledger = ledger
        self._season = season
        self._end = end
        self._told = time.monotonic()

    def __call__(self, now: datetime) -> None:
        self._people.settled(now)
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            done = (now - self._season.begin) / (self._season.end - self._season.begin)
            kinds = self._ledger.by_kind()
            say(
                f"{now:%a %d %b %H:%M}  {min(done, 1):4.0%}  {kinds[Kind.FIRST] + kinds[Kind.SPAM]} tickets, "
                f"{len(self._ledger.sent)} messages in, {len(self._ledger.replied)} answers"
            )


def _summary(season: Season, ledger: Ledger, outcome: Outcome, moves: int, seconds: float) -> str:
    kinds = ledger.by_kind()
    lines = [
        "",
        f"  {season.days} days in {seconds / 60:.1f} minutes: the clock was moved {moves} times",
        f"  Tickets    {outcome.tickets}, {len(ledger.solved)} times solved, {len(ledger.reopened)} times reopened",
        (
            f"  Messages   {outcome.messages}: {', '.join(f'{count} {kind.value}' for kind, count in sorted(kinds.items()))}, "
            f"{len(ledger.replied)} answers of agents, {ledger.notes} notes"
        ),
        (
            f"  Promises   {outcome.met} kept, {outcome.breached} broken: {outcome.in_time:.1%} in time; "
            f"{outcome.alarms} alarms, each in its second"
        ),
    ]
    if season.busy_day is not None:
        lines.append(f"  Busy day   {season.busy_day}")
    if season.outage is not None:
        lines.append(
            f"  Outage     support, {season.outage[0]:%Y-%m-%d %H:%M} to {season.outage[1]:%H:%M} UTC"
        )
    if outcome.faults:
        lines += ["  DIFFERS", *(f"    {fault}" for fault in outcome.faults[:40])]
    else:
        lines.append("  Checked    nothing lost, nothing doubled, clocks and reports as the generator has it")
    return "\n".join(lines)


def _next_steps(stage: Stage, stood: datetime) -> str:
    endpoints = stage.endpoints
    return "\n".join(
        [
            "",
            f"  Console    {endpoints.console_url}   {AGENTS[0][2]} / {PASSWORD}",
            f"  Clock      runs on from {stood:%Y-%m-%d %H:%M:%S} UTC at the pace of real time",
            "  Stop       Ctrl-C; the next simulation forgets this one",
            "",
        ]
    )
