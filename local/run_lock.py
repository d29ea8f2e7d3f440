"""One running system per folder: who holds the lock is its supervisor."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RunsAlready(Exception):
    """Another supervisor holds the folder."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"pid {pid}")
        self.pid = pid


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the folder for the block; RunsAlready with the holder's pid. The kernel frees it however we end."""
    folder.mkdir(parents=True, exist_ok=True)
    # Not truncated on opening: until we hold the lock, the pid in it is another's.
    with (folder / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunsAlready(_pid_in(folder)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder_of_run(folder: Path) -> int | None:
    """The pid of the supervisor that runs in this folder; None where none does."""
    if not (folder / "run.lock").exists():
        return None
    try:
        with run_lock(folder):
            return None
    except RunsAlready as holder:
        return holder.pid


def _pid_in(folder: Path) -> int | None:
    said = (folder / "run.lock").read_text().strip()
    return int(said) if said.isdigit() else None
