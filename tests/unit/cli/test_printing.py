import pytest

from cli.printing import table


def test_a_mail_cannot_move_the_cursor_of_whoever_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    table(("SUBJECT",), [("\x1b[2Jhello\r\nthere",)])
    assert capsys.readouterr().out.splitlines() == ["SUBJECT", " [2Jhello  there"]


def test_columns_stand_under_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    table(("A", "B"), [("long", 1), ("x", 22)])
    assert capsys.readouterr().out.splitlines() == ["A     B", "long  1", "x     22"]
