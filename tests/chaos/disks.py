"""Disks of their own for a database's members, so that a test can fill them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CAP_SYS_ADMIN = 21
# A mongod's journal takes 300 MB before the first document.
_MEGABYTES = 700


def may_mount() -> bool:
    """Whether this process has the right to mount: root on a machine of its own, in most containers nobody."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1)
    return False


@contextmanager
def small_disks(*folders: Path) -> Iterator[None]:
    """A small disk under each folder, in memory."""
    mounted = []
    try:
        for folder in folders:
            folder.mkdir(parents=True)
            options = f"size={_MEGABYTES}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "relaydesk", str(folder)], check=True)
            mounted.append(folder)
        yield
    finally:
        for folder in mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """No byte more can be written to the disk under this folder."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()
