"""A company's own mail server hands its mail to us: it loses and doubles nothing, whatever becomes of us meanwhile."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local.ports import free_port
from tests.integration.ingest_desk import MAILBOX, IngestDesk, ingest_on, letter
from tests.integration.test_ingest_deaths import role
from tests.postfix_node import postfix
from tests.waiting import wait_until

DOMAIN = MAILBOX.partition("@")[2]
MAILS = 200


@pytest.fixture
def desk(broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path) -> Iterator[IngestDesk]:
    with ingest_on(broker_url, broker_management_url, mongo_url, tmp_path) as desk:
        desk.serve()
        yield desk


def has_rows(desk: IngestDesk, count: int) -> bool:
    return len(desk.rows()) >= count


@pytest.mark.timeout(2000)
@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
def test_what_a_mail_server_delivers_while_we_are_killed_again_and_again_is_there_once(
    desk: IngestDesk, protocol: str
) -> None:
    smtp, lmtp = free_port(), free_port()
    ports = {
        "HTTP_PORT": str(free_port()),
        "GRPC_PORT": str(free_port()),
        "SMTP_PORT": str(smtp),
        "LMTP_PORT": str(lmtp),
    }
    where = lmtp if protocol == "lmtp" else smtp
    transport = f"{protocol}:{'inet:' if protocol == 'lmtp' else ''}[127.0.0.1]:{where}"
    mails = [letter(f"<{protocol}-{number}@b>", "x" * 2000) for number in range(MAILS)]
    with postfix(DOMAIN, transport) as front:
        # It gets some each time while nobody is there, so whoever comes next has something to take.
        front.take("a@b.example", MAILBOX, mails[:80])
        assert not desk.rows()
        for kept, more in ((20, mails[80:140]), (100, mails[140:170])):
            with role(desk, "serve", **ports) as process:
                wait_until(partial(has_rows, desk, kept), timeout=400, describe=front.told)
                process.kill()
                process.wait(60)
            front.take("a@b.example", MAILBOX, more)
        # Another dies between keeping a mail and saying yes to it.
        with role(desk, "serve", "after-intake-before-yes=kill", **ports) as process:
            wait_until(lambda: process.poll() is not None, timeout=400, describe=front.told)
        assert front.waiting()
        front.take("a@b.example", MAILBOX, mails[170:])
        with role(desk, "serve", **ports):
            wait_until(lambda: not front.waiting(), timeout=400, describe=front.told)
    keys = [row["key"] for row in desk.rows()]
    assert sorted(keys) == sorted(f"id:<{protocol}-{number}@b>" for number in range(MAILS))
