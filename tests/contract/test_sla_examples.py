"""docs/sla.md and its tests are one: each example names the tests that hold it, and each of their tests is on the page."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sla.md").read_text("utf-8")
EXAMPLES = (
    "test_clock.py",
    "test_targets.py",
    "test_choosing.py",
    "test_calendars.py",
    "test_what_if_examples.py",
    "test_peers*.py",
)
_TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)


def _there() -> set[str]:
    folder = ROOT / "tests" / "unit" / "services" / "sla"
    paths = [path for name in EXAMPLES for path in folder.glob(name)]
    return {name for path in paths for name in _TEST.findall(path.read_text("utf-8"))}


def test_every_example_names_a_test() -> None:
    rows: list[str] = []
    in_examples = False
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            in_examples = False
        elif re.match(r"\| (\w+ )*example \|", line):
            in_examples = True
        elif in_examples and not line.startswith("|---"):
            rows.append(line)
    assert len(rows) > 50
    assert [row for row in rows if "`test_" not in row] == []


def test_every_test_that_holds_an_example_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named - _there() == set()


def test_every_test_of_an_example_is_on_the_page() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert _there() - named == set()
