"""One running system per folder: who holds the lock is its supervisor."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


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
        if not _locked(lock):
            raise RunsAlready(_pid_in(folder))
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder_of_run(folder: Path) -> int | None:
    """The pid of the supervisor that runs in this folder; None where none does."""
    try:
        with (folder / "run.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _pid_in(folder)


def _locked(lock: IO[str]) -> bool:
    # Who only asks whether something runs holds the lock for an instant.
    for _ in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _pid_in(folder: Path) -> int | None:
    said = (folder / "run.lock").read_text().strip()
    return int(said) if said.isdigit() else None
