import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import amqp
import pytest

from chassis import telemetry
from chassis.errors import NotFound, Unavailable
from chassis.jobs import Job, Jobs, JobWorker, time_left
from chassis.telemetry import Metrics
from local.nodes import BrokerNode
from tests.fakes.job_process import jobs as noting_jobs
from tests.fakes.otlp import otlp_receiver
from tests.waiting import wait_until

QUEUE = "test.jobs"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("shop")


@contextmanager
def working(jobs: Jobs, threads: int = 4) -> Iterator[JobWorker]:
    worker = JobWorker(jobs, threads=threads)
    worker.start()
    try:
        wait_until(worker.is_ready, describe="the worker")
        yield worker
    finally:
        worker.stop(timedelta(seconds=5))


def table(**runs: Callable[..., None]) -> dict[str, Job]:
    return {name: Job(run) for name, run in runs.items()}


def waiting_in(vhost: str, queue: str = QUEUE) -> int:
    """Messages that no worker holds."""
    return int(_told(vhost, queue).message_count)


def consumers_of(vhost: str, queue: str = QUEUE) -> int:
    """Workers that take from a queue."""
    return int(_told(vhost, queue).consumer_count)


def _told(vhost: str, queue: str) -> Any:
    parts = urlsplit(vhost)
    with amqp.Connection(
        host=f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.path[1:],
    ) as connection:
        return connection.channel().queue_declare(queue, passive=True)


def fell_silent(beats: list[int]) -> bool:
    """Whether a loop that beats once a second at least said nothing for longer; one may have been on its way."""
    known = len(beats)
    time.sleep(1.5)
    return len(beats) == known


def runs(metrics: Metrics, job: str, outcome: str) -> float:
    return metrics.registry.get_sample_value("shop_jobs_total", {"job": job, "outcome": outcome}) or 0


def test_a_job_runs_with_what_was_sent(vhost: str, metrics: Metrics) -> None:
    heard: list[dict[str, object]] = []
    jobs = Jobs("test", vhost, table(greet=lambda **given: heard.append(given)), metrics)
    jobs.prepare()
    with working(jobs):
        jobs.send("greet", name="Ann", count=2)
        wait_until(lambda: heard)
        assert heard == [{"name": "Ann", "count": 2}]
        wait_until(lambda: runs(metrics, "test.greet", "done") == 1)


def test_a_job_sent_before_the_first_worker_waits_for_it(vhost: str, metrics: Metrics) -> None:
    heard: list[int] = []
    jobs = Jobs("test", vhost, table(greet=lambda number: heard.append(number)), metrics)
    jobs.prepare()
    for number in range(5):
        jobs.send("greet", number=number)
    assert waiting_in(vhost) == 5
    with working(jobs):
        wait_until(lambda: len(heard) == 5)


def test_a_job_for_a_queue_that_is_not_there_is_no_yes(vhost: str, metrics: Metrics) -> None:
    jobs = Jobs("test", vhost, table(greet=lambda: None), metrics)
    # Sending declares what it knows; what is missing here is the queue of pauses, which workers make.
    with pytest.raises(Unavailable):
        jobs.send("greet", after=timedelta(seconds=1))
    jobs.send("greet")
    assert waiting_in(vhost) == 1


def test_a_name_that_is_not_in_the_table_cannot_be_sent(vhost: str, metrics: Metrics) -> None:
    with pytest.raises(KeyError):
        Jobs("test", vhost, {}, metrics).send("greet")


def test_jobs_run_beside_each_other(vhost: str, metrics: Metrics) -> None:
    together = threading.Barrier(3, timeout=60)
    met: list[int] = []
    jobs = Jobs("test", vhost, table(meet=lambda: met.append(together.wait())), metrics)
    jobs.prepare()
    with working(jobs, threads=3):
        for _ in range(3):
            jobs.send("meet")
        wait_until(lambda: len(met) == 3)


def test_a_job_that_fails_is_tried_again_after_a_pause(vhost: str, metrics: Metrics) -> None:
    tried: list[float] = []

    def fail_once() -> None:
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise ValueError("not yet")

    jobs = Jobs("test", vhost, table(fail_once=fail_once), metrics)
    jobs.prepare()
    with working(jobs):
        jobs.send("fail_once")
        wait_until(lambda: runs(metrics, "test.fail_once", "done") == 1)
    assert runs(metrics, "test.fail_once", "failed") == 1
    assert tried[1] - tried[0] > 0.9
    assert waiting_in(vhost) == 0


def test_a_job_is_given_up_after_its_attempts(vhost: str, metrics: Metrics) -> None:
    def fail() -> None:
        raise ValueError("never")

    jobs = Jobs("test", vhost, {"fail": Job(fail, attempts=2)}, metrics)
    jobs.prepare()
    with working(jobs):
        jobs.send("fail")
        wait_until(lambda: runs(metrics, "test.fail", "failed") == 2)
        time.sleep(0.2)
    assert waiting_in(vhost) == 0


def test_a_refused_job_is_not_tried_again(vhost: str, metrics: Metrics) -> None:
    def refuse() -> None:
        raise NotFound("no such reply")

    jobs = Jobs("test", vhost, table(refuse=refuse), metrics)
    jobs.prepare()
    with working(jobs):
        jobs.send("refuse")
        wait_until(lambda: runs(metrics, "test.refuse", "refused") == 1)
    assert runs(metrics, "test.refuse", "failed") == 0


def test_a_job_may_be_sent_for_later(vhost: str, metrics: Metrics) -> None:
    ran: list[float] = []
    jobs = Jobs("test", vhost, table(note=lambda: ran.append(time.monotonic())), metrics)
    jobs.prepare()
    with working(jobs):
        began = time.monotonic()
        jobs.send("note", after=timedelta(seconds=1))
        wait_until(lambda: ran)
    assert ran[0] - began > 0.9


def test_a_job_knows_how_long_it_may_take(vhost: str, metrics: Metrics) -> None:
    left: list[timedelta] = []
    jobs = Jobs(
        "test", vhost, {"note": Job(lambda: left.append(time_left()), within=timedelta(seconds=60))}, metrics
    )
    jobs.prepare()
    with working(jobs):
        jobs.send("note")
        wait_until(lambda: left)
    assert timedelta(seconds=30) < left[0] <= timedelta(seconds=60)


def test_a_stop_lets_the_running_job_finish_and_leaves_the_rest(vhost: str, metrics: Metrics) -> None:
    entered, leave = threading.Event(), threading.Event()
    done: list[int] = []

    def slow(number: int) -> None:
        entered.set()
        leave.wait(60)
        done.append(number)

    jobs = Jobs("test", vhost, table(slow=slow), metrics)
    jobs.prepare()
    with working(jobs, threads=1) as worker:
        for number in range(3):
            jobs.send("slow", number=number)
        assert entered.wait(60)
        stopping = threading.Thread(target=worker.stop, args=(timedelta(hours=1),))
        stopping.start()
        # Nobody takes from the queue any more: what is in it now stays in it.
        wait_until(lambda: consumers_of(vhost) == 0, describe="a worker that takes no more")
        leave.set()
        stopping.join(60)
        assert not stopping.is_alive()
        assert not worker.is_ready()
    assert done == [0]
    wait_until(lambda: waiting_in(vhost) == 2)


def test_a_stop_does_not_wait_longer_than_its_grace_and_the_job_comes_again(
    vhost: str, metrics: Metrics
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def stuck() -> None:
        entered.set()
        leave.wait(60)

    jobs = Jobs("test", vhost, table(stuck=stuck), metrics)
    jobs.prepare()
    with working(jobs) as worker:
        jobs.send("stuck")
        assert entered.wait(60)
        worker.stop(timedelta(milliseconds=300))
        assert not leave.is_set()
    wait_until(lambda: waiting_in(vhost) == 1)
    leave.set()


def test_the_loop_beats_until_a_job_hangs(vhost: str, metrics: Metrics) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        leave.wait(60)

    jobs = Jobs("test", vhost, {"hang": Job(hang, within=timedelta(seconds=-61))}, metrics)
    jobs.prepare()
    beats: list[int] = []
    with working(jobs) as worker:
        worker.heartbeat = lambda: beats.append(1)
        wait_until(lambda: beats)
        jobs.send("hang")
        assert entered.wait(60)
        assert jobs.overdue() == ["test.hang"]
        wait_until(lambda: fell_silent(beats))
        leave.set()
        wait_until(lambda: beats)


def test_a_killed_workers_job_runs_again_elsewhere(vhost: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    jobs = noting_jobs(vhost, notes, takes=0.0)
    jobs.prepare()
    process = subprocess.Popen([sys.executable, "-m", "tests.fakes.job_process", vhost, str(notes)])
    try:
        jobs.send("note", word="once")
        wait_until(lambda: notes.read_text().splitlines() == [f"once {process.pid}"])
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    finally:
        process.kill()
        process.wait(60)
    with working(jobs):
        wait_until(lambda: f"once {os.getpid()}" in notes.read_text())
    assert len(notes.read_text().splitlines()) == 2


@dataclass(frozen=True)
class Settings:
    otlp_endpoint: str
    trace_sample_ratio: float = 1.0
    log_level: str = "info"


def test_a_job_goes_on_with_the_trace_that_sent_it(vhost: str) -> None:
    with otlp_receiver() as collector:
        set_up = telemetry.configure(
            "test", "work", Settings(collector.endpoint), prefix="shop", output=io.BytesIO()
        )
        done = threading.Event()
        jobs = Jobs("test", vhost, table(note=done.set), set_up.metrics)
        jobs.prepare()
        with working(jobs):
            with telemetry.start_trace("receive"):
                jobs.send("note")
            assert done.wait(60)
            wait_until(lambda: runs(set_up.metrics, "test.note", "done") == 1)
        set_up.stop(timedelta(seconds=5))
        spans = {span.name: span for span in collector.spans}
    assert spans["send test.jobs"].parent_id == spans["receive"].span_id
    assert spans["process test.jobs"].parent_id == spans["send test.jobs"].span_id
    assert spans["process test.jobs"].trace_id == spans["receive"].trace_id
    assert spans["send test.jobs"].kind == "PRODUCER"
    assert spans["process test.jobs"].attributes["messaging.operation.name"] == "test.note"


def test_a_broker_that_is_away_is_told_at_once(metrics: Metrics) -> None:
    jobs = Jobs("test", "amqp://guest:guest@127.0.0.1:1//", table(greet=lambda: None), metrics)
    with pytest.raises(Unavailable, match="the broker is away"):
        jobs.send("greet")
    with pytest.raises(Unavailable):
        jobs.prepare()


def test_a_worker_without_a_broker_stops_all_the_same(metrics: Metrics) -> None:
    worker = JobWorker(Jobs("test", "amqp://guest:guest@127.0.0.1:1//", table(greet=lambda: None), metrics))
    beats: list[int] = []
    worker.heartbeat = lambda: beats.append(1)
    worker.start()
    wait_until(lambda: len(beats) >= 2, describe="beats while it waits")
    assert not worker.is_ready()
    # Longer than a test may take.
    worker.stop(timedelta(hours=1))


@pytest.mark.slow
def test_sender_and_worker_outlive_a_broker_that_freezes_and_dies(tmp_path: Path, metrics: Metrics) -> None:
    heard: list[Any] = []
    with BrokerNode(tmp_path / "broker") as broker:
        jobs = Jobs("test", broker.url, table(greet=lambda word: heard.append(word)), metrics)
        jobs.prepare()
        with working(jobs) as worker:
            jobs.send("greet", word="before")
            wait_until(lambda: heard == ["before"])
            broker.freeze()
            with pytest.raises(Unavailable):
                jobs.send("greet", word="frozen")
            broker.thaw()
            wait_until(lambda: broker.would_find_again(QUEUE))
            jobs.send("greet", word="thawed")
            wait_until(lambda: "thawed" in heard)
            broker.kill9()
            wait_until(lambda: not worker.is_ready())
            with pytest.raises(Unavailable):
                jobs.send("greet", word="dead")
            broker.start()
            wait_until(worker.is_ready)
            jobs.send("greet", word="after")
            wait_until(lambda: "after" in heard)
