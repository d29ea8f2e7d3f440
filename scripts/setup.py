"""Make .venv from the pinned lock, and install what only the system's packages have.

Runs on the bare interpreter, before anything is installed: standard library only.

    setup.py run     what `make run` needs: the packages; RabbitMQ, unless BROKER_URL names a broker; what the packages'
                     mongod is linked with, unless MONGO_URL names a database
    setup.py test    also RabbitMQ and that whatever the environment says, Prometheus with promtool, Chromium,
                     Dovecot, Postfix and faketime
"""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements-dev.txt"
STAMP = VENV / "relaydesk.stamp"
POLICY = Path("/usr/sbin/policy-rc.d")

# Package of Debian: the file that shows it is there, or the library by the name that programs ask for.
DATABASE = {"libcurl4": "libcurl.so.4"} if sys.platform == "linux" else {}
BROKER = {"rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server"}
PROVING = {
    "prometheus": "/usr/bin/promtool",
    "chromium": "/usr/bin/chromium",
    "dovecot-imapd": "/usr/sbin/dovecot",
    "postfix": "/usr/sbin/postfix",
    "faketime": "/usr/bin/faketime",
}


class SetupError(Exception):
    """The machine lacks something; the message is one line that says what to do."""


def say(line: str) -> None:
    print(f"setup: {line}", flush=True)


def packages() -> None:
    """Bring .venv to exactly what the lock says; nothing to do where its stamp still fits."""
    # Whoever runs an older Python reads a line, not a traceback.
    if sys.version_info < (3, 11):  # noqa: UP036
        raise SetupError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: PYTHON=... make")
    wanted = stamp()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    started = time.monotonic()
    if not (VENV / "bin" / "python").exists():
        say("making .venv")
        try:
            # Symlinks, as `python3 -m venv` makes them.
            venv.create(VENV, with_pip=True, symlinks=True)
        except (subprocess.CalledProcessError, ImportError, SystemExit):
            shutil.rmtree(VENV, ignore_errors=True)
            raise SetupError("this Python cannot make a .venv: `apt-get install python3-venv`") from None
    STAMP.unlink(missing_ok=True)
    say(f"installing the pinned packages of {LOCK.name}")
    if not (installed_uv() and sync_by_uv()):
        say("uv did not manage; installing the same lock by pip")
        sync_by_pip()
    STAMP.write_text(wanted)
    say(f"packages are ready ({time.monotonic() - started:.0f} s)")


def stamp() -> str:
    """What an installed .venv depends on: the lock, how this project installs, the interpreter, the place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    how = [project["build-system"], project["project"], project["tool"]["hatch"]]
    seen = hashlib.sha256(LOCK.read_bytes())
    seen.update(f"{how} {sys.version_info[:3]} {VENV}".encode())
    return seen.hexdigest()


def installed_uv() -> bool:
    """Whether .venv has the uv that the lock names; installs it by pip, checked against its hashes."""
    uv = VENV / "bin" / "uv"
    found = re.search(r"^uv==\S+.*?(?=^\S|\Z)", LOCK.read_text(), flags=re.MULTILINE | re.DOTALL)
    if found is None:
        return False
    version = found.group().split()[0].removeprefix("uv==")
    if uv.exists() and quietly([uv, "--version"]).stdout.split()[1:2] == [version]:
        return True
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only:
        only.write(found.group())
        only.flush()
        return quietly(pip("--no-deps", "--require-hashes", "-r", only.name)).returncode == 0


def sync_by_uv() -> bool:
    """Install the lock and this project by uv, some ten times as fast as pip; false where it failed."""
    uv = VENV / "bin" / "uv"
    python = ("--python", VENV / "bin" / "python")
    steps: tuple[Sequence[str | Path], ...] = (
        (uv, "pip", "sync", *python, "--require-hashes", LOCK),
        (uv, "pip", "install", *python, "--no-deps", "--no-build-isolation", "-e", ROOT),
    )
    for step in steps:
        done = quietly(step)
        if done.returncode != 0:
            say(last_line(done.stderr))
            return False
    return True


def sync_by_pip() -> None:
    """Install the lock and this project by pip."""
    for step in (
        pip("--require-hashes", "-r", LOCK),
        pip("--no-deps", "--no-build-isolation", "-e", ROOT),
    ):
        done = quietly(step)
        if done.returncode != 0:
            raise SetupError(f"the packages cannot be installed: {last_line(done.stderr)}")


def pip(*words: str | Path) -> list[str | Path]:
    return [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]


def system_packages(wanted: dict[str, str]) -> None:
    """Install the Debian packages whose file is missing, without starting their services."""
    missing = [package for package, file in wanted.items() if not is_there(file)]
    if not missing:
        return
    line = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if shutil.which("apt-get") is None:
        raise SetupError(
            f"install {' and '.join(missing)}, as Debian's `{line}` would (or give BROKER_URL and MONGO_URL)"
        )
    if os.geteuid() != 0:
        raise SetupError(f"{' and '.join(missing)} must be installed: `sudo {line}`")
    started = time.monotonic()
    say(f"installing {', '.join(missing)} by apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    with no_services_started():
        done = quietly(install, environment)
        if done.returncode != 0:
            # The lists may be missing or old.
            quietly(["apt-get", "update", "-qq"], environment)
            done = quietly(install, environment)
    if done.returncode != 0:
        raise SetupError(f"`{line}` failed: {last_line(done.stderr or done.stdout)}")
    say(f"{', '.join(missing)} installed ({time.monotonic() - started:.0f} s)")


def is_there(file: str) -> bool:
    """Whether a file exists; a name without a folder is a library that the loader must find."""
    if "/" in file:
        return Path(file).exists()
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


@contextmanager
def no_services_started() -> Iterator[None]:
    """Packages bring a system-wide broker that would start at once, on the default port, and at every boot."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if shutil.which("systemctl") and Path("/run/systemd/system").exists():
            for unit in ("rabbitmq-server", "prometheus", "dovecot", "postfix"):
                if Path(f"/lib/systemd/system/{unit}.service").exists():
                    quietly(["systemctl", "disable", unit])


def quietly(
    command: Sequence[str | Path], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def last_line(text: str) -> str:
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return said[-1] if said else "it said nothing"


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    try:
        packages()
        if purpose == "test":
            system_packages(BROKER | DATABASE | PROVING)
        else:
            broker = {} if os.environ.get("BROKER_URL") else BROKER
            database = {} if os.environ.get("MONGO_URL") else DATABASE
            system_packages(broker | database)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
