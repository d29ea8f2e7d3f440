"""The list of what runs, as a file: `make status` reads it, and what a killed supervisor left is found by it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ProcessNote:
    """One running process; `created` tells it from a later one with the same pid."""

    name: str
    pid: int
    created: float
    ports: Mapping[str, int] = field(default_factory=dict)
    restarts: int = 0
    ready_url: str = ""

    @property
    def process(self) -> psutil.Process | None:
        """The process, if it is the one that was noted and still runs."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < 0.05 and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return found if same else None


def note_of(
    name: str, pid: int, ports: Mapping[str, int], *, restarts: int = 0, ready_url: str = ""
) -> ProcessNote | None:
    """A note of a process that runs now; None where it has just ended."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.Error:
        return None
    return ProcessNote(name, pid, created, dict(ports), restarts, ready_url)


def write_list(path: Path, notes: Iterable[ProcessNote]) -> None:
    """Replace the list at once: a reader sees the old one or the new one."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps([asdict(note) for note in notes], indent=1) + "\n")
    draft.replace(path)


def read_list(path: Path) -> list[ProcessNote]:
    """The list last written; empty where there is none."""
    try:
        return [ProcessNote(**row) for row in json.loads(path.read_text())]
    except FileNotFoundError:
        return []


def end_left_over(notes: Sequence[ProcessNote], *, grace: float = 15) -> list[str]:
    """End what a killed supervisor left, by pid and start time; returns the names of what was still there."""
    alive = [(note, process) for note in notes if (process := note.process) is not None]
    for _, process in alive:
        # One that ended meanwhile is what we want.
        _quietly(process.terminate)
        _quietly(process.resume)
    _, stubborn = psutil.wait_procs([process for _, process in alive], timeout=grace)
    for process in stubborn:
        _quietly(process.kill)
    psutil.wait_procs(stubborn, timeout=5)
    return [note.name for note, _ in alive]


def _quietly(act: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        act()
