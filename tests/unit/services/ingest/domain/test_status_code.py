"""Codes within what servers say, and what only looks like one."""

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.sending import Sent
from services.ingest.domain.smtp_answers import Said, refused
from services.ingest.domain.status_code import status_code
from tests.unit.services.ingest.samples import HOUSE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 no such user", "5.1.1"),
        ("550-5.7.26 not authenticated (5.7.26).", "5.7.26"),
        ("554 refused for 10.5.1.1", ""),
        ("554 refused for 5.4.5.1", ""),
        ("421 host 4.2.2.1: 4.7.0 later", "4.7.0"),
        ("Exim 4.92.3.1", ""),
        ("", ""),
    ],
)
def test_a_code_is_told_from_the_address_of_a_network(text: str, code: str) -> None:
    assert status_code(text) == code


def test_a_refusal_that_names_the_address_of_a_network_has_no_code() -> None:
    # 5.4.5 is a day's limit, after which the mail would be tried again.
    result = refused(554, "refused for 5.4.5.1", Said.RECIPIENT)
    assert (result.outcome, result.code) == (Sent.PERMANENT, "")


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("5.0.0", "550 5.1.1 no such user", "5.1.1"),
        ("5.0.0", "550 no such user", "5.0.0"),
        ("5.1.1", "550 5.7.1 no", "5.1.1"),
        ("4.0.0", "550 5.1.1 no such user", "4.0.0"),
        ("", "550 5.1.1 no such user", "5.1.1"),
    ],
)
def test_the_code_of_a_report_is_the_one_that_says_most(status: str, said: str, code: str) -> None:
    report = (
        "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; gone@client.example\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n"
    )
    bounce = read_mail(report.encode(), "", HOUSE).bounce
    assert bounce is not None
    assert bounce.code == code
