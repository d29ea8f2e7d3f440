import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from chassis.telemetry import log_uncaught, logger, span
from chassis.telemetry.logs import configure_logs, masked
from tests.waiting import wait_until

ROAD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Lines:
    def __init__(self) -> None:
        self.output = io.BytesIO()

    def all(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.output.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    before, level = list(logging.getLogger().handlers), logging.getLogger().level
    written = Lines()
    configure_logs({"service": "tickets", "role": "serve"}, "info", written.output)
    yield written
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)


def test_a_line_is_an_event_with_fields(lines: Lines) -> None:
    logger("here").info("ticket_opened", ticket_id="4", count=2)
    (line,) = lines.all()
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "service": "tickets",
        "role": "serve",
        "logger": "here",
        "level": "info",
        "event": "ticket_opened",
        "ticket_id": "4",
        "count": 2,
    }


def test_a_line_says_which_trace_it_belongs_to(lines: Lines) -> None:
    with span("process", parent=ROAD):
        logger("here").info("inside")
    logger("here").info("outside")
    inside, outside = lines.all()
    assert inside["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert inside["span_id"] == "b7ad6b7169203331"
    assert "trace_id" not in outside


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    logger("here").debug("detail")
    assert lines.all() == []


def test_addresses_never_reach_a_line(lines: Lines) -> None:
    logger("here").info("sent", to="Ann <ann@example.org>", broker="amqp://me:secret@broker:5672/")
    (line,) = lines.all()
    assert line["to"] == "Ann <…@…>"
    assert "secret" not in str(line)
    assert "ann" not in str(line)


def test_an_error_is_told_by_kind_text_and_place(lines: Lines) -> None:
    try:
        raise ValueError("cannot read ann@example.org " + "x" * 5000)
    except ValueError:
        logger("here").exception("failed")
    (line,) = lines.all()
    assert line["error_type"] == "ValueError"
    assert str(line["error"]).startswith("cannot read …@… xxx")
    assert len(str(line["error"])) <= 500
    assert "test_logs.py" in str(line["error_where"])


def test_a_library_speaks_in_the_same_form_when_it_warns(lines: Lines) -> None:
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("retrying %s", "bob@example.org")
    (line,) = lines.all()
    assert line["event"] == "library"
    assert line["logger"] == "some.library"
    assert line["level"] == "warning"
    assert line["text"] == "retrying …@…"


def test_what_json_does_not_know_is_written_as_text(lines: Lines) -> None:
    logger("here").info("odd", what={1}, keys={2: object})
    (line,) = lines.all()
    assert line["what"] == "{1}"


def test_a_thread_that_dies_leaves_a_line(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.excepthook", threading.excepthook)
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    log_uncaught()

    def die() -> None:
        raise ValueError("why")

    threading.Thread(target=die, name="listener").start()
    (line,) = wait_until(lines.all)
    assert line["event"] == "thread_died"
    assert line["thread"] == "listener"
    assert line["error_type"] == "ValueError"


def test_masking_leaves_other_text_alone() -> None:
    assert masked("3 @ 5") == "3 @ 5"
    assert masked("a" * 501) == "a" * 499 + "…"
