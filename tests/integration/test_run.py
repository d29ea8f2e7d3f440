import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import pymongo
import pytest

from local.broker_management import BrokerManagement
from local.ports import free_ports, free_row
from local.process_list import read_list
from local.roles import ROLES
from local.run_config import RunConfig
from tests.waiting import wait_until

SCRIPT = Path(__file__).with_name("stand_in_run.py")


class Run:
    """One `make run` in a folder of its own, on a broker and a store that are given."""

    def __init__(self, folder: Path, given: dict[str, str]) -> None:
        self.folder = folder
        self.output = folder.with_suffix(".out")
        # All there are: one that is left out is the one that another run has.
        known = {field.name.upper() for field in fields(RunConfig) if field.name.endswith("_port")}
        names = sorted(known - {"FIRST_PROBE_PORT"})
        ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
        self.env = {
            **os.environ,
            **ports,
            # In a row, as the table of roles takes them.
            "FIRST_PROBE_PORT": str(free_row(len(ROLES))),
            "RUN_FOLDER": str(folder),
            **given,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **env: str) -> None:
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), "run"],
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def started(self, **env: str) -> None:
        self.start(**env)
        wait_until(lambda: "look at http" in self.said, describe=lambda: self.said)

    @property
    def said(self) -> str:
        return self.output.read_text()

    def word(self, word: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SCRIPT), word],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def ends(self) -> int:
        assert self.process is not None
        return self.process.wait(100)


@pytest.fixture
def given(
    broker_url: str, broker_management_url: str, mongo_url: str, database_prefix: str
) -> Iterator[dict[str, str]]:
    vhost = f"run-{uuid.uuid4().hex[:8]}"
    yield {
        "BROKER_URL": broker_url,
        "BROKER_MANAGEMENT_URL": broker_management_url,
        "BROKER_VHOST": vhost,
        "MONGO_URL": mongo_url,
        "DATABASE_PREFIX": database_prefix,
    }
    BrokerManagement(broker_management_url).delete_vhost(vhost)


@pytest.fixture
def make_run(tmp_path: Path, given: dict[str, str]) -> Iterator[Callable[..., Run]]:
    made: list[Run] = []

    def make(**env: str) -> Run:
        made.append(Run(tmp_path / f"run-{len(made)}", {**given, **env}))
        return made[-1]

    yield make
    for run in made:
        if run.process is not None and run.process.poll() is None:
            run.process.terminate()
            run.process.wait(100)
        run.word("down")


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    return make_run()


def test_a_run_starts_everything_says_what_is_next_and_ends_cleanly_on_sigterm(run: Run) -> None:
    run.started()
    children = psutil.Process(run.process.pid).children() if run.process else []
    # Two stand-ins, and the shop of the demo.
    assert len(children) == 3
    run.word("down")
    assert run.ends() == 0
    assert not any(child.is_running() for child in children)


def test_ctrl_c_ends_a_run_cleanly(run: Run) -> None:
    run.started()
    assert run.process is not None
    run.process.send_signal(signal.SIGINT)
    assert run.ends() == 0
    assert "stopped; the data is kept" in run.said


def test_a_role_that_is_killed_comes_back_and_the_status_tells_of_it(run: Run) -> None:
    run.started()
    listed = run.folder / "processes.json"
    before = read_list(listed)[0]
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: any(n.name == before.name and n.restarts == 1 for n in read_list(listed)))
    wait_until(lambda: run.word("status").returncode == 0)
    assert before.name in run.word("status").stdout


def test_the_status_of_what_does_not_run_is_one_line(run: Run) -> None:
    done = run.word("status")
    assert (done.returncode, done.stdout) == (1, "relaydesk: does not run\n")


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_goes_on(run: Run) -> None:
    run.started()
    second = run.word("run")
    assert second.returncode == 1
    assert "runs already" in second.stdout
    assert run.word("status").returncode == 0


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # Its last moment was between the two questions.
        return False


def test_what_a_killed_run_left_is_ended_by_the_next(run: Run) -> None:
    run.started()
    assert run.process is not None
    left = psutil.Process(run.process.pid).children()
    run.process.kill()
    run.process.wait(60)
    assert all(process.is_running() for process in left)
    run.started()
    assert "ended what an earlier run left" in run.said
    assert not any(_lives(process) for process in left)


def test_the_keys_and_the_data_stay_from_run_to_run_and_are_forgotten_by_clean_data(run: Run) -> None:
    run.started()
    key = (run.folder / "instance.key").read_text()
    run.word("down")
    run.started()
    assert (run.folder / "instance.key").read_text() == key
    assert (run.folder / "instance.key").stat().st_mode & 0o077 == 0
    assert run.word("clean-data").returncode == 1
    run.word("down")
    assert run.word("clean-data").returncode == 0
    assert not (run.folder / "instance.key").exists()


def test_clean_data_deletes_our_vhost_and_databases_and_nobody_elses(run: Run, given: dict[str, str]) -> None:
    run.started()
    run.word("down")
    management = BrokerManagement(given["BROKER_MANAGEMENT_URL"])
    assert given["BROKER_VHOST"] in management.vhosts()
    foreign = f"foreign_{given['DATABASE_PREFIX']}x"
    with pymongo.MongoClient[dict[str, object]](given["MONGO_URL"]) as client:
        client[f"{given['DATABASE_PREFIX']}tickets"].rows.insert_one({"_id": 1})
        client[foreign].rows.insert_one({"_id": 1})
        try:
            run.word("clean-data")
            assert [n for n in client.list_database_names() if given["DATABASE_PREFIX"] in n] == [foreign]
        finally:
            client.drop_database(foreign)
    assert given["BROKER_VHOST"] not in management.vhosts()
    assert "/" in management.vhosts()


def test_a_port_in_use_is_one_line_that_names_the_variable_and_the_holder(run: Run) -> None:
    with socket.create_server(("127.0.0.1", int(run.env["CONSOLE_PORT"]))):
        done = run.word("run")
    assert done.returncode == 1
    assert f"CONSOLE_PORT {run.env['CONSOLE_PORT']} is in use by" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broker_that_does_not_answer_is_one_line_without_its_password(make_run: Callable[..., Run]) -> None:
    (port,) = free_ports(1)
    done = make_run(BROKER_URL=f"amqp://someone:secret@127.0.0.1:{port}//").word("run")
    assert done.returncode == 1
    assert f"BROKER_URL amqp://someone:***@127.0.0.1:{port}// does not answer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_password_of_a_broker_is_one_line(make_run: Callable[..., Run], broker_url: str) -> None:
    parts = urlsplit(broker_url)
    wrong = urlunsplit(parts._replace(netloc=f"guest:wrong@{parts.hostname}:{parts.port}"))
    done = make_run(BROKER_URL=wrong).word("run")
    assert done.returncode == 1
    assert "does not answer as a broker" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_store_that_does_not_answer_is_one_line(make_run: Callable[..., Run]) -> None:
    (port,) = free_ports(1)
    done = make_run(MONGO_URL=f"mongodb://127.0.0.1:{port}/").word("run")
    assert done.returncode == 1
    assert f"MONGO_URL mongodb://127.0.0.1:{port}/ does not answer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_role_that_does_not_come_up_ends_the_run_with_its_last_words(run: Run) -> None:
    run.start(SECOND_ROLE="falls", READY_WITHIN="2")
    assert run.ends() == 1
    assert "BROKER_URL: is not set" in run.said.splitlines()[-1]
