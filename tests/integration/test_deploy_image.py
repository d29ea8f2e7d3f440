"""What the image holds is enough: nothing that a role needs is left behind with the builder."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from local.roles import ROLES
from scripts.deploy.places import DOCKERFILE, ROOT

WORDS = sorted({(role.service, role.word) for role in ROLES})


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/app as the Dockerfile fills it."""
    folder = tmp_path_factory.mktemp("app")
    for source, target in re.findall(r"^COPY (\w+) (\w+)$", DOCKERFILE.read_text(), re.MULTILINE):
        shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(app: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m …` as in the image: the packages and /app, and nothing of the place where it was built."""
    packages = sysconfig.get_paths()["purelib"]
    # Without site: the development install would lead back to the source.
    return subprocess.run(
        [sys.executable, "-S", "-m", *words],
        cwd=app,
        env={"PYTHONPATH": f"{app}:{app / 'gen'}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(("service", "word"), WORDS)
def test_a_role_of_the_image_says_which_settings_it_lacks(app: Path, service: str, word: str) -> None:
    done = run(app, f"services.{service}", word)
    assert done.returncode == 2, done.stderr
    assert "INSTANCE_KEY: is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_is_in_the_image(app: Path) -> None:
    done = run(app, "cli", "--help")
    assert done.returncode == 0, done.stderr
    assert "quarantine" in done.stdout


def test_the_image_is_sent_nothing_that_it_does_not_copy() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE.read_text(), re.MULTILINE))
    assert sent == copied
