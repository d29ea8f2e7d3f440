"""A failpoint that no chaos test arms would be a line of code for nothing."""

import re
from pathlib import Path

from tests.chaos.failpoints import POINTS

ROOT = Path(__file__).parents[2]


def test_the_chaos_tests_know_every_failpoint_of_the_code() -> None:
    named = {
        name
        for folder in ("chassis", "services")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())
    }
    assert sorted(named) == POINTS
