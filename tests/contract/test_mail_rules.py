"""docs/email.md says what holds each rule of mail: the rules are all there, and so are the tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = {"T": 9, "F": 7, "O": 7, "A": 6, "B": 4, "D": 9, "S": 6, "P": 6, "L": 7}
_TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)


def _rows() -> dict[str, list[str]]:
    """The tests that each rule's row names."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "email.md").read_text("utf-8").splitlines():
        if found := re.match(r"\| ([A-Z]\d) \|", line):
            assert found.group(1) not in rows, f"{found.group(1)} has two rows"
            rows[found.group(1)] = re.findall(r"`(test_\w+)`", line)
    return rows


def test_every_rule_of_mail_has_its_row_and_a_test() -> None:
    rows = _rows()
    assert set(rows) == {
        f"{letter}{number}" for letter, count in RULES.items() for number in range(1, count + 1)
    }
    assert all(rows.values())


def test_every_test_that_holds_a_rule_of_mail_is_there() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in _TEST.findall(path.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "email.md").read_text("utf-8")))
    assert named - there == set()
