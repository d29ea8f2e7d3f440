"""What README and CONTRIBUTING name is there."""

import re
from pathlib import Path

import pytest

from cli.__main__ import parser

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")
ENDINGS = ("py", "proto", "md", "yaml", "toml", "txt", "json")


def paths_in(text: str) -> set[str]:
    """What is quoted or linked and looks like a path of the repository; `<kind>` stands for any name."""
    quoted = re.findall(r"`([\w./<>-]+)`", text) + re.findall(r"\]\(([\w./-]+)\)", text)
    return {
        path
        for path in quoted
        if ("/" in path and not path.startswith(("/", "http"))) or path.rpartition(".")[2] in ENDINGS
    }


def is_there(path: str, text: str) -> bool:
    """A bare file name is beside a path that stands before it in its line."""
    wanted = re.sub(r"<\w+>", "*", path).rstrip("/")
    if list(ROOT.glob(wanted)):
        return True
    if "/" in wanted:
        return bool(list(ROOT.glob(f"services/*/{wanted}")))
    (line,) = [line for line in text.splitlines() if f"`{path}`" in line][:1] or [""]
    folders = {Path(one).parent for one in paths_in(line) if "/" in one}
    return any((ROOT / folder / path).exists() for folder in folders) or bool(
        list(ROOT.glob(f"services/*/{wanted}")) or list(ROOT.glob(f"services/*/*/{wanted}"))
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    named = paths_in(text)
    assert len(named) > 5
    assert [path for path in sorted(named) if not is_there(path, text)] == []


def test_every_step_of_the_road_names_a_file_or_a_folder() -> None:
    rows = re.findall(r"^\| (\d+)\. .*\| (.*) \|$", (ROOT / "README.md").read_text(), re.M)
    assert [number for number, _ in rows] == [str(number) for number in range(1, 11)]
    assert all(paths_in(where) for _, where in rows)


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(f"docs/runbooks/{one.name}" for one in (ROOT / "docs/runbooks").glob("*.md"))]
)
def test_every_make_word_that_a_page_names_exists(page: str) -> None:
    words = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / page).read_text()))
    assert named <= words


@pytest.mark.parametrize("page", sorted(one.name for one in (ROOT / "docs/runbooks").glob("*.md")))
def test_every_word_of_the_command_that_a_runbook_names_exists(page: str) -> None:
    for said in re.findall(r"`relaydesk ([^`]+)`", (ROOT / "docs/runbooks" / page).read_text()):
        words = [re.sub(r"[<>]", "x", word) for word in said.split()]
        assert parser().parse_args(words) is not None
