"""Keeps a list of processes running: starts them, starts the fallen again, keeps their logs, ends them in order."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from local.child import OwnChild
from local.loopback import answers
from local.process_list import ProcessNote, note_of, write_list

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# Who ran this long has recovered: the next fall starts again with the shortest pause.
RECOVERED_AFTER = 30.0


@dataclass(frozen=True)
class ProcessSpec:
    """How one process is started, and how one knows that it does its work."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    # Answers 2xx when it is ready; or a port that takes connections; or neither: ready once it runs.
    ready_url: str = ""
    ready_port: int = 0
    ports: Mapping[str, int] = field(default_factory=dict)
    # Lower numbers are ended earlier, equal ones together.
    stops: int = 0


class StartFailed(Exception):
    """Processes did not become ready; one line with their names and last words."""


class Supervisor:
    """Runs processes as children and keeps them running until `stop`.

    Their output goes to one file each in `<folder>/log`; `<folder>/processes.json` says at any time what runs.
    """

    def __init__(
        self,
        specs: Iterable[ProcessSpec],
        folder: Path,
        *,
        show: Callable[[str, str], None] | None = None,
        others: Sequence[ProcessNote] = (),
    ) -> None:
        """`show` gets each line of every log with the name of its process; `others` are listed beside ours."""
        self._folder = folder
        self._kept = {spec.name: _Kept(spec, folder / "log") for spec in specs}
        self._show = show
        self._others = tuple(others)
        # Guards starts, ends and the list against the thread that watches.
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start everything at once and watch it; returns before it is ready."""
        with self._lock:
            for kept in self._kept.values():
                kept.put_log_aside()
                kept.start()
            self._write_list()
        jobs = [self._watch] if self._show is None else [self._watch, self._show_logs]
        for job in jobs:
            thread = threading.Thread(target=job, name=job.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait_ready(
        self,
        *,
        within: float = 60,
        names: Iterable[str] | None = None,
        stop: threading.Event | None = None,
        progress: Callable[[list[str]], None] | None = None,
    ) -> None:
        """Return when all (or the named) are ready, or `stop` is set; StartFailed after `within` seconds.

        `progress` hears the names still awaited whenever they become fewer.
        """
        ends = time.monotonic() + within
        waiting = list(self._kept if names is None else names)
        while waiting and not (stop is not None and stop.is_set()):
            left = [name for name in waiting if not self._kept[name].is_ready]
            if progress is not None and len(left) < len(waiting):
                progress(left)
            waiting = left
            if waiting and time.monotonic() > ends:
                raise StartFailed("; ".join(self._kept[name].why_not_ready() for name in waiting))
            if waiting:
                self._ending.wait(0.1)

    def stop(self, *, grace: float = 20) -> list[str]:
        """End everything in order of `stops`; returns who had to be killed after `grace` seconds."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        killed = []
        for wave in sorted({kept.spec.stops for kept in self._kept.values()}):
            members = [kept for kept in self._kept.values() if kept.spec.stops == wave]
            for kept in members:
                kept.child.ask_to_end()
            ends = time.monotonic() + grace
            killed += [
                kept.spec.name
                for kept in members
                if not kept.child.terminate(grace=max(0.1, ends - time.monotonic()))
            ]
        write_list(self._folder / "processes.json", self._others)
        return killed

    def pid(self, name: str) -> int:
        """The pid of a process; it changes when it is started again."""
        return self._kept[name].child.pid

    def is_running(self, name: str) -> bool:
        return self._kept[name].child.is_running

    def is_ready(self, name: str) -> bool:
        """Whether a process runs and says that it does its work."""
        return self._kept[name].is_ready

    def restarts(self, name: str) -> int:
        """How often a process was started again after it had ended by itself."""
        return self._kept[name].restarts

    def log(self, name: str) -> Path:
        """The file with the output of a process since `start`."""
        return self._kept[name].child.log

    def kill9(self, name: str) -> None:
        """End a process as a power cut would; it is started again like any that fell."""
        self._kept[name].child.kill9()

    def freeze(self, name: str) -> None:
        """Stop a process where it stands: its sockets stay open and silent."""
        self._kept[name].child.freeze()

    def thaw(self, name: str) -> None:
        self._kept[name].child.thaw()

    def stop_one(self, name: str, *, grace: float = 20) -> bool:
        """End one process and leave it down; true if it ended by itself within `grace` seconds."""
        kept = self._kept[name]
        # Not while the watching thread is about to start it again.
        with self._lock:
            kept.wanted = False
        ended = kept.child.terminate(grace=grace)
        with self._lock:
            self._write_list()
        return ended

    def start_one(self, name: str, *, env: Mapping[str, str] | None = None) -> None:
        """Start one process again after `stop_one`, with further variables where given; returns at once."""
        with self._lock:
            kept = self._kept[name]
            kept.spec = replace(kept.spec, env={**kept.spec.env, **(env or {})})
            kept.wanted = True
            kept.start()
            self._write_list()

    def add(self, spec: ProcessSpec) -> None:
        """Start one more process and look after it like the others; returns at once."""
        with self._lock:
            kept = _Kept(spec, self._folder / "log")
            kept.put_log_aside()
            kept.start()
            # A new table: the watching threads go through the old one undisturbed.
            self._kept = {**self._kept, spec.name: kept}
            self._write_list()

    def list_others(self, others: Sequence[ProcessNote]) -> None:
        """Change what is listed beside our processes."""
        with self._lock:
            self._others = tuple(others)
            self._write_list()

    def _watch(self) -> None:
        while not self._ending.wait(0.1):
            for kept in self._kept.values():
                with self._lock:
                    self._look_after(kept)

    def _look_after(self, kept: "_Kept") -> None:
        if not kept.wanted or kept.child.is_running:
            return
        if kept.due is None:
            pause = kept.fell()
            self._tell(kept.spec.name, f"ended with code {kept.child.exit_code}, starts again in {pause:g} s")
        elif time.monotonic() >= kept.due:
            kept.start()
            kept.restarts += 1
            self._write_list()

    def _write_list(self) -> None:
        ours = [kept.note() for kept in self._kept.values() if kept.child.is_running]
        write_list(self._folder / "processes.json", [*self._others, *(note for note in ours if note)])

    def _tell(self, name: str, line: str) -> None:
        if self._show is not None:
            self._show(name, line)

    def _show_logs(self) -> None:
        read: dict[str, IO[str]] = {}
        try:
            while not self._ending.wait(0.2):
                for name, kept in self._kept.items():
                    if name not in read:
                        read[name] = kept.child.log.open(encoding="utf-8", errors="replace")
                    for line in read[name]:
                        self._tell(name, line.rstrip("\n"))
        finally:
            for log in read.values():
                log.close()


class _Kept:
    """One process with its past: how often it fell, and when it starts again."""

    def __init__(self, spec: ProcessSpec, logs: Path) -> None:
        self.spec = spec
        self.child = OwnChild(spec.name, logs / f"{spec.name.replace(' ', '-')}.log")
        self.restarts = 0
        self.wanted = True
        # The moment of its next start, by the monotonic clock; None while it runs.
        self.due: float | None = None
        self._started_at = 0.0
        self._pause = FIRST_PAUSE

    def put_log_aside(self) -> None:
        if self.child.log.exists():
            self.child.log.replace(self.child.log.with_suffix(".log.1"))

    def start(self) -> None:
        self._started_at = time.monotonic()
        self.due = None
        self.child.spawn(self.spec.argv, env=self.spec.env)

    def fell(self) -> float:
        """Plan the next start; returns the pause until then."""
        now = time.monotonic()
        if now - self._started_at > RECOVERED_AFTER:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        self.due = now + pause
        return pause

    @property
    def is_ready(self) -> bool:
        if not self.child.is_running:
            return False
        if self.spec.ready_url:
            return answers(self.spec.ready_url)
        return self.spec.ready_port == 0 or _takes_connections(self.spec.ready_port)

    def why_not_ready(self) -> str:
        state = "runs but is not ready" if self.child.is_running else f"ended with {self.child.exit_code}"
        return f"{self.spec.name} {state}: {self.child.last_words()} (see {self.child.log})"

    def note(self) -> ProcessNote | None:
        spec = self.spec
        return note_of(
            spec.name, self.child.pid, spec.ports, restarts=self.restarts, ready_url=spec.ready_url
        )


def _takes_connections(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
