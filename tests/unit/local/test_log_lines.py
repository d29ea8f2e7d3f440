import io

import pytest

from local.log_lines import LogLines


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level": "info", "event": "ready"}', False),
        ('{"level": "debug", "event": "tick"}', False),
        ('{"level": "warning", "event": "broker away"}', True),
        ('{"event": "no level"}', True),
        ("Traceback (most recent call last):", True),
        ("", False),
    ],
)
def test_the_terminal_shows_what_needs_a_person(line: str, shown: bool) -> None:
    out = io.StringIO()
    LogLines(out, everything=False)("sla work", line)
    assert out.getvalue() == (f"sla work         | {line}\n" if shown else "")


def test_everything_is_shown_to_who_asks_for_it() -> None:
    out = io.StringIO()
    LogLines(out, everything=True)("edge", '{"level": "info"}')
    assert out.getvalue() == 'edge             | {"level": "info"}\n'
