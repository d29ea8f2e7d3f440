"""What `make run`, `make down`, `make status` and `make clean-data` do."""

import os
import secrets
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.backing import Backing, backing, forget
from local.endpoints import Endpoints
from local.log_lines import LogLines
from local.loopback import answers
from local.nodes import NodeError
from local.ports import holder_of, is_free
from local.process_list import end_left_over, read_list
from local.roles import ROLES, Ports, Surroundings, processes
from local.run_config import RunConfig
from local.run_lock import RunsAlready, holder_of_run, run_lock
from local.shop import with_shop
from local.supervisor import Supervisor

# Seconds for a role to finish what it has in hand; a little more than a role gives itself.
GRACE = 25
# Seconds for all roles to come up, on a machine that is busy with it.
READY_WITHIN = 120.0
STOPPED_WITHIN = 150.0

# What lies in the run folder and is no data: what other habits fetched, and the logs of the last run.
KEPT_BY_CLEAN_DATA = {"tools", "log", "run.lock"}


def run(config: RunConfig) -> int:
    """Start everything, load the demo, say what to do next, and stay until Ctrl-C or SIGTERM."""
    started = time.monotonic()
    try:
        with run_lock(config.run_folder), told_to_end() as end:
            left = end_left_over(read_list(config.run_folder / "processes.json"))
            if left:
                say(f"ended what an earlier run left: {', '.join(left)}")
            ports = ports_of(config)
            check_ports(ports)
            with backing(config, say) as stands_on:
                if end.is_set():
                    return 0
                supervise(config, ports, stands_on, end, started)
    except RunsAlready as holder:
        say(f"runs already as {holder}: `make status` shows it, `make down` stops it")
        return 1
    say("stopped; the data is kept")
    return 0


def supervise(
    config: RunConfig, ports: Ports, stands_on: Backing, end: threading.Event, started: float
) -> None:
    """Run every role on its backing until told to end."""
    surroundings = Surroundings(
        broker_url=stands_on.broker_url,
        broker_management_url=stands_on.broker_management_url,
        mongo_url=stands_on.mongo_url,
        database_prefix=config.database_prefix,
        instance_key_file=str(secret_file(config.run_folder / "instance.key")),
        internal_token_file=str(secret_file(config.run_folder / "internal.token")),
        log_level=config.log_level,
        otlp_endpoint=config.otlp_endpoint,
    )
    endpoints = Endpoints(ports, surroundings, config.run_folder / "sink", say)
    write_variables(config.run_folder / "relaydesk.env", endpoints)
    specs = with_shop(
        processes(ports, surroundings.variables(ports), os.environ, sink_folder=str(endpoints.sink_folder)),
        config.run_folder / "shop",
        ports.shop_http,
        os.environ,
    )
    shown = LogLines(sys.stdout, everything=config.show_logs == "all")
    supervisor = Supervisor(specs, config.run_folder, show=shown, others=stands_on.own.notes())
    try:
        say(f"starting {len(specs)} processes")
        supervisor.start()
        supervisor.wait_ready(within=READY_WITHIN, stop=end, progress=tell_left)
        if not end.is_set():
            # The demo talks to the running services, and not every user of this module has them.
            from local.demo import load

            text = load(endpoints)
            say(f"runs ({time.monotonic() - started:.0f} s)")
            print(text, flush=True)
            while not end.wait(1):
                for line in stands_on.own.revive():
                    say(line)
                    supervisor.list_others(stands_on.own.notes())
    finally:
        say("stopping")
        killed = supervisor.stop(grace=GRACE)
        if killed:
            say(f"had to kill {', '.join(killed)}: see {supervisor.log(killed[0])}")


def down(config: RunConfig) -> int:
    """Stop what `make run` started, and wait until it is gone."""
    pid = holder_of_run(config.run_folder)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        ends = time.monotonic() + STOPPED_WITHIN
        # The lock, not the pid: a supervisor that has ended may stay a zombie of whoever started it.
        while holder_of_run(config.run_folder) == pid:
            if time.monotonic() > ends:
                raise NodeError(f"the supervisor (pid {pid}) has not ended after {STOPPED_WITHIN:.0f} s")
            time.sleep(0.05)
        say("stopped; the data is kept")
        return 0
    left = end_left_over(read_list(config.run_folder / "processes.json"))
    say(f"ended what a killed run left: {', '.join(left)}" if left else "nothing runs")
    return 0


def status(config: RunConfig) -> int:
    """Show what runs; 1 where nothing does or something is not ready."""
    pid = holder_of_run(config.run_folder)
    notes = [note for note in read_list(config.run_folder / "processes.json") if note.process]
    if pid is None:
        left = f", but a killed run left {len(notes)} processes: `make down`" if notes else ""
        say(f"does not run{left}")
        return 1
    say(f"runs as pid {pid}")
    print(f"{'process':<16} {'pid':>7} {'state':<9} {'restarts':>8}  {'since':<8}  ports")
    all_ready = True
    for note in notes:
        is_ready = not note.ready_url or answers(note.ready_url)
        all_ready = all_ready and is_ready
        since = time.strftime("%H:%M:%S", time.localtime(note.created))
        ports = ", ".join(f"{what} {port}" for what, port in note.ports.items() if what != "PROBE_PORT")
        state = "ready" if is_ready else "not ready"
        print(f"{note.name:<16} {note.pid:>7} {state:<9} {note.restarts:>8}  {since:<8}  {ports}")
    print("\nprobes and metrics")
    for note in notes:
        if probe := note.ports.get("PROBE_PORT"):
            print(f"{note.name:<16} http://127.0.0.1:{probe}/readyz  http://127.0.0.1:{probe}/metrics")
    expected = {role.name for role in ROLES}
    missing = sorted(expected - {note.name for note in notes})
    for name in missing:
        print(f"{name:<16} {'-':>7} down, starts again")
    return 0 if all_ready and not missing else 1


def clean_data(config: RunConfig) -> int:
    """Forget all data of the local system: own nodes' folders, keys, sent mails, and ours on what is given."""
    try:
        with run_lock(config.run_folder):
            end_left_over(read_list(config.run_folder / "processes.json"))
            for gone in forget(config):
                say(f"deleted {gone}")
            for entry in sorted(config.run_folder.iterdir()):
                if entry.name in KEPT_BY_CLEAN_DATA:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
    except RunsAlready as holder:
        say(f"runs as {holder}: `make down` first")
        return 1
    say("all local data is forgotten")
    return 0


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second Ctrl-C interrupts even a clean stop."""
    end = threading.Event()
    first = [0.0]

    def note(number: int, _frame: object) -> None:
        # A second Ctrl-C must be more than a second: some shells send the first one twice.
        if end.is_set() and number == signal.SIGINT and time.monotonic() - first[0] > 1:
            raise KeyboardInterrupt
        if not end.is_set():
            first[0] = time.monotonic()
        end.set()

    before = {
        number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ports_of(config: RunConfig) -> Ports:
    """The ports that were chosen, and one for the probes of each role."""
    return Ports(
        console=config.console_port,
        ingest_http=config.ingest_http_port,
        smtp=config.smtp_port,
        sink_smtp=config.sink_smtp_port,
        sink_http=config.sink_http_port,
        shop_http=config.shop_http_port,
        tickets_grpc=config.tickets_grpc_port,
        rules_grpc=config.rules_grpc_port,
        sla_grpc=config.sla_grpc_port,
        reports_grpc=config.reports_grpc_port,
        ingest_grpc=config.ingest_grpc_port,
        console_grpc=config.console_grpc_port,
        probes={role.name: config.first_probe_port + place for place, role in enumerate(ROLES)},
    )


def check_ports(ports: Ports) -> None:
    """NodeError with every port that somebody else listens on, before anything is started."""
    taken = [
        f"{variable} {port} is in use by {holder_of(port)}"
        for variable, port in ports.named()
        if not is_free(port)
    ]
    if taken:
        raise NodeError("; ".join(taken) + ": end it, or choose another by the variable")


def secret_file(path: Path) -> Path:
    """A file with 32 random bytes in hexadecimal, made once, for its owner's eyes."""
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32) + "\n")
        draft.replace(path)
    return path


def write_variables(path: Path, endpoints: Endpoints) -> None:
    """Write what the `relaydesk` command reads when its own environment does not say where the system is."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(endpoints.variables().items())]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")


def tell_left(left: list[str]) -> None:
    if left:
        say(f"waiting for {', '.join(left) if len(left) < 5 else f'{len(left)} processes'}")


def say(line: str) -> None:
    print(f"relaydesk: {line}", flush=True)
