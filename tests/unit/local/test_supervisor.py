import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import supervisor as module
from local.process_list import end_left_over, read_list
from local.supervisor import ProcessSpec, StartFailed, Supervisor
from tests.waiting import wait_until

# Writes one line, then stays until it is told to end.
STAYS = "import signal, sys; print('here', flush=True); signal.sigwait({signal.SIGTERM}); sys.exit(0)"
# Is deaf to a request to end.
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""
FALLS = "import sys; print('no such setting', flush=True); sys.exit(3)"

Start = Callable[..., Supervisor]


def spec(name: str, code: str, *, stops: int = 0, env: dict[str, str] | None = None) -> ProcessSpec:
    return ProcessSpec(name, (sys.executable, "-c", code), {**os.environ, **(env or {})}, stops=stops)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Supervisor] = []

    def begin(*specs: ProcessSpec, show: Callable[[str, str], None] | None = None) -> Supervisor:
        supervisor = Supervisor(specs, tmp_path, show=show)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield begin
    for supervisor in started:
        supervisor.stop(grace=0.2)


def test_a_process_that_was_killed_is_started_again(start: Start) -> None:
    supervisor = start(spec("edge", STAYS))
    before = supervisor.pid("edge")
    supervisor.kill9("edge")
    wait_until(lambda: supervisor.restarts("edge") == 1 and supervisor.is_running("edge"))
    assert supervisor.pid("edge") != before


def test_a_process_that_falls_again_and_again_waits_longer_each_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    told: list[str] = []
    supervisor = start(spec("falls", FALLS), show=lambda name, line: told.append(line))
    wait_until(lambda: supervisor.restarts("falls") >= 3)
    pauses = [line.rpartition("in ")[2] for line in told if line.startswith("ended with code 3")]
    assert pauses[:3] == ["0.05 s", "0.1 s", "0.2 s"]


def test_what_a_process_writes_is_shown_with_its_name_and_kept_in_its_file(start: Start) -> None:
    told: list[tuple[str, str]] = []
    supervisor = start(spec("sla work", STAYS), show=lambda name, line: told.append((name, line)))
    wait_until(lambda: ("sla work", "here") in told)
    assert supervisor.log("sla work").read_text() == "here\n"


def test_processes_end_in_the_order_of_their_numbers(start: Start, tmp_path: Path) -> None:
    order = tmp_path / "order"
    last_word = (
        "import os, signal; print('here', flush=True); signal.sigwait({signal.SIGTERM}); "
        "open(os.environ['ORDER'], 'a').write(os.environ['NAME'])"
    )
    specs = [
        spec(name, last_word, stops=stops, env={"ORDER": str(order), "NAME": name})
        for name, stops in (("c", 2), ("a", 0), ("b", 1))
    ]
    # sigwait needs the signal blocked, or it may end the process before it waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        supervisor = start(*specs)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    wait_until(lambda: all(supervisor.log(name).read_text() for name in "abc"))
    assert supervisor.stop() == []
    assert order.read_text() == "abc"


def test_a_process_that_is_deaf_is_killed_after_its_grace_and_named(start: Start) -> None:
    supervisor = start(spec("deaf", DEAF))
    wait_until(lambda: supervisor.log("deaf").read_text())
    assert supervisor.stop(grace=0.3) == ["deaf"]
    assert not supervisor.is_running("deaf")


def test_waiting_for_what_does_not_come_up_names_it_with_its_last_words(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a port to ask, what runs is ready: it must have fallen, and not be back.
    monkeypatch.setattr(module, "FIRST_PAUSE", 60)
    supervisor = start(spec("falls", FALLS))
    wait_until(lambda: supervisor.log("falls").read_text() and not supervisor.is_running("falls"))
    with pytest.raises(StartFailed, match=r"falls .*no such setting"):
        supervisor.wait_ready(within=0.3)


def test_a_process_that_was_stopped_by_hand_stays_down_until_it_is_started(start: Start) -> None:
    supervisor = start(spec("edge", STAYS), spec("other", STAYS))
    supervisor.stop_one("edge", grace=5)
    supervisor.kill9("other")
    wait_until(lambda: supervisor.restarts("other") == 1)
    assert not supervisor.is_running("edge")
    supervisor.start_one("edge")
    assert supervisor.is_running("edge")


def test_the_list_on_disk_names_what_runs(start: Start, tmp_path: Path) -> None:
    supervisor = start(spec("edge", STAYS))
    (note,) = read_list(tmp_path / "processes.json")
    assert (note.name, note.pid) == ("edge", supervisor.pid("edge"))
    assert note.process is not None


def test_what_a_killed_supervisor_left_is_ended_by_its_list(start: Start, tmp_path: Path) -> None:
    supervisor = start(spec("edge", STAYS))
    notes = read_list(tmp_path / "processes.json")
    supervisor._ending.set()
    assert end_left_over(notes) == ["edge"]
    assert end_left_over(notes) == []


def test_another_process_that_got_the_same_pid_is_left_alone(start: Start, tmp_path: Path) -> None:
    supervisor = start(spec("edge", STAYS))
    listed = tmp_path / "processes.json"
    (row,) = json.loads(listed.read_text())
    listed.write_text(json.dumps([{**row, "created": row["created"] - 60}]))
    assert end_left_over(read_list(listed)) == []
    assert supervisor.is_running("edge")


def test_a_log_of_an_earlier_run_is_put_aside(start: Start, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "edge.log").write_text("yesterday\n")
    supervisor = start(spec("edge", STAYS))
    wait_until(lambda: supervisor.log("edge").read_text() == "here\n")
    assert (tmp_path / "log" / "edge.log.1").read_text() == "yesterday\n"


def test_a_frozen_process_ends_when_it_is_asked_to(start: Start) -> None:
    supervisor = start(spec("edge", STAYS))
    wait_until(lambda: supervisor.log("edge").read_text())
    supervisor.freeze("edge")
    # Longer than a test may take.
    assert supervisor.stop(grace=3600) == []
