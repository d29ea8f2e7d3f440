"""Invitations say what, when, where and who asks."""

import pytest

from services.ingest.domain.invitation import describe
from services.ingest.domain.mail import read_mail
from tests.unit.services.ingest.samples import HOUSE, mail


def calendar(*lines: str, method: str = "REQUEST") -> str:
    event = "\r\n".join(lines)
    return (
        f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\nEND:VTIMEZONE\r\n"
        f"BEGIN:VEVENT\r\n{event}\r\nBEGIN:VALARM\r\nSUMMARY:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


MEETING = (
    'ORGANIZER;CN="Petrova, Anna":mailto:anna@client.example',
    "SUMMARY;LANGUAGE=en:Damaged\\, or lost: what ",
    " next\\; a talk",
    "DTSTART;TZID=Europe/Berlin:20261123T100000",
    "DTEND;TZID=Europe/Berlin:20261123T113000",
    "LOCATION:Room 4",
)
WORDS = (
    "Invitation: Damaged, or lost: what next; a talk\nWhen: 2026-11-23 10:00 to 11:30 (Europe/Berlin)\nWhere: Room 4\n"
    "Organiser: Petrova, Anna <anna@client.example>"
)
FIRST_LINES = {"REQUEST": "Invitation: s", "CANCEL": "Cancelled: s", "COUNTER": "Other time proposed: s"}
TIMES = {
    "in UTC": (("DTSTART:20261123T100000Z",), "2026-11-23 10:00 (UTC)"),
    "over midnight": (
        ("DTSTART:20261123T230000Z", "DTEND:20261124T010000Z"),
        "2026-11-23 23:00 to 2026-11-24 01:00 (UTC)",
    ),
    "one whole day": (("DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261124"), "2026-11-23"),
    "two whole days": (
        ("DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261125"),
        "2026-11-23 to 2026-11-24",
    ),
    "again and again": (("DTSTART:20261123T100000", "RRULE:FREQ=DAILY"), "2026-11-23 10:00, repeated"),
}


def test_an_event_is_told_in_words() -> None:
    assert describe(calendar(*MEETING)) == WORDS


@pytest.mark.parametrize("method", FIRST_LINES)
def test_the_first_line_says_what_is_done(method: str) -> None:
    assert describe(calendar("SUMMARY:s", method=method)) == FIRST_LINES[method]


def test_an_answer_says_which() -> None:
    answer = calendar("SUMMARY:s", "ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.example", method="REPLY")
    assert describe(answer) == "Declined: s"


@pytest.mark.parametrize("name", TIMES)
def test_the_time_is_told_as_the_sender_wrote_it(name: str) -> None:
    lines, told = TIMES[name]
    assert f"When: {told}" in describe(calendar("SUMMARY:s", *lines)).split("\n")


@pytest.mark.parametrize("text", ["", "no calendar", "BEGIN:VEVENT", calendar("DTSTART:20269999T999999")])
def test_what_is_no_event_is_not_told(text: str) -> None:
    assert describe(text) == ""


def test_an_invitation_is_readable_and_kept_as_a_file() -> None:
    text = calendar(*MEETING)
    message = read_mail(
        mail("Content-Type: text/calendar; charset=utf-8; method=REQUEST", text=text), None, HOUSE
    )
    assert message.text == WORDS
    assert [(file.name, file.mime_type) for file in message.attachments] == [("invite.ics", "text/calendar")]
    assert message.attachments[0].content.startswith(b"BEGIN:VCALENDAR")


def test_an_invitation_that_comes_twice_is_told_once_below_the_text() -> None:
    part = f"--b\r\nContent-Type: text/calendar\r\n\r\n{calendar(*MEETING)}"
    text = f"--b\r\nContent-Type: text/plain\r\n\r\nPlease come.\r\n{part}{part}--b--"
    message = read_mail(mail("Content-Type: multipart/mixed; boundary=b", text=text), None, HOUSE)
    assert message.text == f"Please come.\n\n{WORDS}"
