"""Calendars on a real store: saved, told, versioned, previewed, and kept by feeds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.errors import InvalidFields, NotFound
from cli.__main__ import main as relaydesk
from cli.system import System
from relaydesk.sla.v1 import service_pb2 as pb
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from services.sla import __main__ as main
from services.sla.config import Settings
from tests.integration.service_desk import ServiceDesk, common
from tests.integration.test_sla_service import a_policy, clocks, opened, save
from tests.waiting import wait_until
from tests.web_file import WebFile, served


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=20),
        feed_every=timedelta(milliseconds=100),
        feed_networks=("127.0.0.0/8",),
        # Nobody is there.
        tickets_address="127.0.0.1:1",
    )
    desk = ServiceDesk(main, "sla", settings)
    yield desk
    desk.stop()


@pytest.fixture
def sla(desk: ServiceDesk) -> SlaServiceStub:
    return SlaServiceStub(desk.serve())


def office(**more: Any) -> pb.Calendar:
    windows = [pb.OpenWindow(weekday=day, opens="09:00", closes="18:00") for day in range(1, 6)]
    return pb.Calendar(
        **{"id": "office", "name": "Office", "zone": "Europe/Lisbon", "windows": windows, **more}
    )


def kept(sla: SlaServiceStub, calendar: pb.Calendar, expected_version: int = 0) -> pb.Calendar:
    request = pb.SaveCalendarRequest(calendar=calendar, expected_version=expected_version)
    return sla.SaveCalendar(request).calendar


def file_of(*days: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for day in days:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{day}",
            f"DTSTART;VALUE=DATE:{day}",
            f"SUMMARY:Off {day}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def ahead(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d}"


def test_a_calendar_comes_back_as_it_was_saved_with_what_it_came_to(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    wanted = office(
        country="PT",
        region="11",
        valid_from="2026-01-01",
        days=[
            pb.CalendarDay(day="2026-12-24", name="Eve", hours=[pb.DayHours(opens="09:00", closes="13:00")]),
            pb.CalendarDay(day="2026-12-26", name="For the 24th", like_weekday=4),
        ],
        holidays=["2026-03-09"],
        domains=["Shop.example"],
        groups=["claims"],
        channels=["support"],
        is_company=True,
    )
    kept(sla, wanted)
    told = sla.GetCalendar(pb.GetCalendarRequest(id="office")).calendar
    assert (told.country, told.region, told.valid_from, told.version) == ("PT", "11", "2026-01-01", 1)
    assert list(told.days) == list(wanted.days)
    assert list(told.windows) == list(wanted.windows)
    assert (list(told.domains), list(told.groups), list(told.channels)) == (
        ["shop.example"],
        ["claims"],
        ["support"],
    )
    assert told.is_company
    assert told.tzdata_version
    assert told.holidays_version
    closed = {one.day for one in told.closed_days}
    assert {"2026-12-25", "2026-03-09"} <= closed
    assert not {"2026-12-24", "2026-12-26"} & closed
    assert sla.ListCalendars(pb.ListCalendarsRequest()).calendars[0] == told


def test_versions_are_listed_and_each_can_be_read(desk: ServiceDesk, sla: SlaServiceStub) -> None:
    kept(sla, office())
    kept(sla, office(name="Long", valid_from="2026-07-01"), 1)
    listed = sla.ListCalendarVersions(pb.ListCalendarVersionsRequest(id="office")).calendars
    assert [(one.version, one.name) for one in listed] == [(2, "Long"), (1, "Office")]
    assert sla.GetCalendar(pb.GetCalendarRequest(id="office", version=1)).calendar.name == "Office"
    for request in (pb.GetCalendarRequest(id="office", version=3), pb.GetCalendarRequest(id="none")):
        with pytest.raises(NotFound):
            sla.GetCalendar(request)


def test_a_year_is_told_day_by_day_and_what_a_change_turns_before_it_is_saved(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    kept(sla, office(country="PT"))
    year = sla.PreviewCalendar(pb.PreviewCalendarRequest(id="office", year=2028))
    days = {one.day: one for one in year.days}
    assert len(days) == 366
    assert (days["2028-04-25"].kind, days["2028-04-25"].open_seconds) == ("closed", 0)
    assert [(one.opens, one.closes) for one in days["2028-04-26"].hours] == [("09:00", "18:00")]
    next_week = datetime.now(UTC).date() + timedelta(days=7)
    days_of_own = [
        pb.CalendarDay(
            day=next_week.isoformat(), name="Fair", hours=[pb.DayHours(opens="20:00", closes="24:00")]
        )
    ]
    request = pb.PreviewCalendarRequest(calendar=office(country="PT", days=days_of_own), expected_version=1)
    (change,) = sla.PreviewCalendar(request).changes
    assert (change.after.day, change.after.name, change.after.open_seconds) == (
        next_week.isoformat(),
        "Fair",
        4 * 3_600,
    )
    assert sla.GetCalendar(pb.GetCalendarRequest(id="office")).calendar.version == 1


def test_a_ticket_is_counted_in_its_companys_calendar(desk: ServiceDesk, sla: SlaServiceStub) -> None:
    line = pb.PolicyTarget(name="first_reply", within_seconds=3_600, time="business")
    with pytest.raises(InvalidFields):
        save(sla, a_policy(targets=[line]))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    window = pb.OpenWindow(weekday=tomorrow.isoweekday(), opens="10:00", closes="12:00")
    kept(sla, office(zone="UTC", windows=[window], is_company=True))
    save(sla, a_policy(targets=[line]))
    desk.role("listen")
    desk.publish(opened("t1"))
    wait_until(lambda: clocks(sla, "t1"))
    due = clocks(sla, "t1")["t1"]["first_reply"].due_at.ToDatetime(UTC)
    assert due == tomorrow.replace(hour=11, minute=0, second=0, microsecond=0)


def test_a_calendar_is_applied_and_told_by_the_command_line(
    desk: ServiceDesk,
    sla: SlaServiceStub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(System, "sla", sla)
    file = tmp_path / "office.yaml"
    file.write_text(OFFICE)
    assert relaydesk(["sla", "apply", str(file), "--to", "running"]) == 0
    assert relaydesk(["sla", "calendars"]) == 0
    assert "Office Europe/Lisbon PT the company 1 office" in words(capsys.readouterr().out)
    assert relaydesk(["sla", "calendar", "office", "--year", "2028"]) == 0
    out = words(capsys.readouterr().out)
    assert "2028-12-22 special 3:00 09:00-12:00 Party" in out
    assert "Office, Europe/Lisbon: " in out
    assert relaydesk(["sla", "versions", "office"]) == 0
    assert "2026-07-01 running saved by hand" in words(capsys.readouterr().out)
    assert relaydesk(["sla", "calendar", "none"]) == 1


def words(text: str) -> str:
    return " ".join(text.split())


OFFICE = """
calendar:
  id: office
  name: Office
  zone: Europe/Lisbon
  windows:
    - {weekday: 1, opens: 09:00, closes: 18:00}
    - {weekday: 5, opens: 09:00, closes: 17:00}
  country: PT
  valid_from: 2026-07-01
  is_company: true
  days:
    - {day: 2028-12-22, name: Party, hours: [{opens: 09:00, closes: 12:00}]}
"""


def test_a_feed_that_is_none_is_refused_by_its_field(desk: ServiceDesk, sla: SlaServiceStub) -> None:
    with served(WebFile(b"<html>sign in</html>")) as file:
        with pytest.raises(InvalidFields) as refusal:
            kept(sla, office(feeds=[file.url]))
        assert [wrong.field for wrong in refusal.value.fields] == ["calendar.feeds[0]"]
        # What cannot be kept anyhow is refused before anybody is asked.
        with pytest.raises(InvalidFields):
            kept(sla, office(feeds=[file.url], zone="Mars/Base"))
        assert file.asked == 1


def test_a_feed_with_other_days_makes_a_version_and_one_that_is_down_or_lies_changes_nothing(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    def now() -> pb.Calendar:
        return sla.GetCalendar(pb.GetCalendarRequest(id="office")).calendar

    with served(WebFile(file_of(ahead(20)))) as file:
        first = kept(sla, office(feeds=[file.url]))
        assert (first.feed_states[0].days, first.feed_states[0].failure) == (1, "")
        desk.role("work")
        file.body = file_of(ahead(20), ahead(30))
        wait_until(lambda: now().version == 2)
        second = now()
        assert (second.cause, second.feed_states[0].days) == ("feed", 2)
        assert second.valid_from > f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        for body, status, why in (
            (b"", 500, "it answers 500"),
            (b"<html>", 200, "no iCalendar file"),
            (file_of(), 200, "still to come"),
        ):
            file.body, file.status = body, status
            wait_until(lambda why=why: why in now().feed_states[0].failure)  # type: ignore[misc]
        told = now()
        assert (told.version, told.feed_states[0].days) == (2, 2)
        assert told.feed_states[0].HasField("failed_since")
        file.body, file.status = file_of(ahead(20), ahead(30)), 200
        wait_until(lambda: not now().feed_states[0].failure)
        assert now().version == 2


def test_a_calendar_of_before_is_read_and_written_out_for_the_time_to_come(
    desk: ServiceDesk, sla: SlaServiceStub
) -> None:
    kept(sla, office())
    row = desk.database["calendars"].find_one()
    assert row is not None
    plain = ("_id", "calendar_id", "name", "zone", "windows", "holidays", "version", "saved_at")
    desk.database["calendars"].replace_one({"_id": row["_id"]}, {name: row[name] for name in plain})
    desk.role("work")
    wait_until(lambda: sla.GetCalendar(pb.GetCalendarRequest(id="office")).calendar.version == 2)
    versions = sla.ListCalendarVersions(pb.ListCalendarVersionsRequest(id="office")).calendars
    assert [(one.version, one.cause, bool(one.valid_from)) for one in versions] == [
        (2, "years", True),
        (1, "", False),
    ]
