"""What is left when a process dies at a named point, or the database cannot be reached."""

import contextlib
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.ports import free_port
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.ingest.v1 import service_pb2 as pb
from tests.integration.ingest_desk import MAILBOX, IngestDesk, ingest_on, letter, post_body, reply
from tests.integration.test_ingest_road import Sink
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until


@pytest.fixture
def desk(broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path) -> Iterator[IngestDesk]:
    with ingest_on(
        broker_url, broker_management_url, mongo_url, tmp_path, send_claim=timedelta(seconds=2)
    ) as desk:
        yield desk


@contextlib.contextmanager
def role(desk: IngestDesk, name: str, failpoints: str = "", **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A role as a process of its own."""
    settings = desk.settings
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(Path.cwd()), str(Path.cwd() / "gen"))),
        "BROKER_URL": settings.broker_url,
        "MONGO_URL": settings.mongo_url,
        "DATABASE_PREFIX": settings.database_prefix,
        "INSTANCE_KEY": settings.instance_key,
        "INTERNAL_TOKEN": settings.internal_token,
        "SECRETS_FOLDER": str(settings.secrets_folder),
        "MAIL_INSIDE": ",".join(settings.mail_inside),
        "SWEEP_AFTER": "0.5",
        "SEND_EVERY": "0.1",
        "SEND_CLAIM": "2",
        "FAILPOINTS": failpoints,
        "LOG_LEVEL": "error",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-m", "services.ingest", name], env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


def _serve_ports() -> tuple[dict[str, str], int, int]:
    http, smtp = free_port(), free_port()
    return {"HTTP_PORT": str(http), "SMTP_PORT": str(smtp), "GRPC_PORT": str(free_port())}, http, smtp


def _is_up(http: int, smtp: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", smtp, timeout=2):
            return httpx.get(f"http://127.0.0.1:{http}/v1/openapi.json", timeout=2).status_code == 200
    except (httpx.TransportError, smtplib.SMTPException, OSError):
        return False


def died(process: subprocess.Popen[bytes]) -> None:
    # A reader is given its work while it still starts, which on a busy machine takes longer than all the rest.
    assert wait_until(lambda: process.poll() is not None, describe="the process to die")
    assert process.returncode == -signal.SIGKILL


def test_a_mail_whose_yes_was_never_said_is_kept_and_its_repeat_is_the_same_row(desk: IngestDesk) -> None:
    sockets = desk.serve()
    ports, http, smtp = _serve_ports()
    with role(desk, "serve", "after-intake-before-yes=kill", **ports) as process:
        wait_until(lambda: _is_up(http, smtp))
        with pytest.raises((smtplib.SMTPException, OSError)):
            _mail(smtp, letter("<yes@b>"))
        died(process)
    desk.desk.role("listen")
    desk.desk.role("work")
    _mail(sockets.smtp, letter("<yes@b>"))
    assert len(desk.rows()) == 1
    wait_until(lambda: len(desk.received()) >= 1, describe="the sweep to bring what was not published")


def test_what_was_published_and_not_marked_is_one_message(desk: IngestDesk) -> None:
    desk.serve()
    ports, http, smtp = _serve_ports()
    with role(desk, "serve", "after-publish-before-mark=kill", **ports) as process:
        wait_until(lambda: _is_up(http, smtp))
        # It may die with the yes on its lips: what is kept is published before anybody is told.
        with contextlib.suppress(smtplib.SMTPServerDisconnected):
            _mail(smtp, letter("<marked@b>"))
        died(process)
    desk.desk.role("listen")
    desk.desk.role("work")
    wait_until(lambda: desk.rows()[0]["published"], describe="the sweep")
    facts = desk.received()
    assert len({fact.intake_id for fact in facts}) == 1


def test_a_reader_that_dies_before_its_ack_says_the_same_again(desk: IngestDesk) -> None:
    sockets = desk.serve()
    with role(desk, "listen", "after-received-before-ack=kill") as process:
        _mail(sockets.smtp, letter("<ack@b>"))
        died(process)
    desk.desk.role("listen")
    wait_until(lambda: len(desk.received()) >= 2)
    assert len({envelope.event_id for envelope in desk.desk.said}) == 1


@pytest.mark.parametrize("point", ["between-data-and-250", "after-250-before-mark"])
def test_a_mail_whose_sending_died_is_unknown_and_never_sent_again(desk: IngestDesk, point: str) -> None:
    sink = Sink()
    sockets = desk.serve()
    channel = sockets.rpc.GetChannel(pb.GetChannelRequest(channel_id="support")).channel
    channel.settings.update({"smtp_host": "127.0.0.1", "smtp_port": str(sink.port)})
    sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=channel, expected_version=channel.version))
    desk.desk.role("listen")
    with role(desk, "work", f"{point}=kill") as process:
        desk.answer_as_tickets(reply("aa01", "bb01", "anna@client.example"))
        died(process)
    before = len(sink.mails)
    with role(desk, "work"):
        wait_until(lambda: desk.desk.heard(ingest.DeliveryChanged))
    (change,) = desk.desk.heard(ingest.DeliveryChanged)
    assert change.state == "unknown"
    assert len(sink.mails) == before
    sink.stop()


def test_without_a_database_the_answer_is_451_and_503_and_later_yes(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path
) -> None:
    with TcpProxy(int(urlsplit(mongo_url).port or 0)) as link:
        through = f"mongodb://127.0.0.1:{link.port}/?directConnection=true"
        within = timedelta(seconds=6)
        with ingest_on(broker_url, broker_management_url, through, tmp_path, store_within=within) as desk:
            sockets = desk.serve()
            _mail(sockets.smtp, letter("<before@b>"))
            link.cut()
            assert _code(sockets.smtp, letter("<while@b>")) == 451
            answer = desk.post(sockets, post_body())
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            link.mend()
            wait_until(lambda: _code(sockets.smtp, letter("<while@b>")) == 250, interval=0.3)
            assert [row["key"] for row in desk.rows()] == ["id:<before@b>", "id:<while@b>"]


def test_a_full_backlog_is_451_and_503(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path
) -> None:
    with ingest_on(broker_url, broker_management_url, mongo_url, tmp_path, backlog_limit=3) as desk:
        sockets = desk.serve()
        wait_until(lambda: _code(sockets.smtp, letter(text=os.urandom(8).hex())) == 451, interval=0.3)
        assert desk.post(sockets, post_body()).status_code == 202
        desk.database["intake"].update_many({}, {"$set": {"state": "ignored"}})
        wait_until(lambda: _code(sockets.smtp, letter("<free@b>")) == 250, interval=0.3)


def test_a_full_lane_of_posted_messages_is_503_with_a_time_to_come_back(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path
) -> None:
    with ingest_on(broker_url, broker_management_url, mongo_url, tmp_path, backlog_limit=3) as desk:
        sockets = desk.serve()

        def refused() -> Any:
            answer = desk.post(sockets, post_body(os.urandom(8).hex()))
            return answer if answer.status_code == 503 else None

        answer = wait_until(refused, interval=0.3)
        assert int(answer.headers["Retry-After"]) > 0
        assert "api" in answer.json()["error"]
        # Another lane is another island.
        assert _code(sockets.smtp, letter("<meanwhile@b>")) == 250


def _mail(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("anna@client.example", [MAILBOX], raw)


def _code(port: int, raw: bytes) -> int:
    """The answer to a mail, wherever in the conversation it was given."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo()
        code: Any = client.mail("anna@client.example")[0]
        if code == 250:
            code = client.rcpt(MAILBOX)[0]
        return int(client.data(raw)[0] if code == 250 else code)
