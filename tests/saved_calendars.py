"""Random calendars as people save them, in several versions, for whom and from which day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from chassis.businesstime import Asker, Calendar, CalendarError, Hours, Whom, Window
from services.sla.domain.policy import NEW, RUNNING, NamedCalendar, counted_in
from services.sla.domain.special_day import NamedDay, SpecialDay

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
_DOMAINS = ("shop.example", "big.shop.example", "other.example")
_GROUPS = ("claims", "sales")
_CHANNELS = ("support", "chat")
MOMENTS = st.integers(0, 60 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))
ASKERS = st.builds(
    Asker,
    sender=st.sampled_from(("ana@shop.example", "li@Big.Shop.example", "bo@nobody.example", "")),
    group=st.sampled_from((*_GROUPS, "")),
    channel=st.sampled_from(_CHANNELS),
)


def _some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=1).map(tuple)


@st.composite
def one_version(draw: st.DrawFn, calendar_id: str, version: int, saved_at: datetime) -> NamedCalendar:
    """Hours of some weekdays, own days, and perhaps a day from which they count."""
    opens = draw(st.integers(6, 12))
    days = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5, unique=True))
    special = draw(st.lists(st.integers(0, 50), max_size=3, unique=True))
    hours = Hours(
        draw(st.sampled_from(("Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu"))),
        tuple(
            Window(day, f"{opens:02}:00", draw(st.sampled_from(("14:30", "18:00", "24:00")))) for day in days
        ),
        frozenset(draw(st.lists(st.dates(date(2026, 3, 1), date(2026, 4, 30)), max_size=3))),
    )
    valid_from = draw(st.none() | st.dates(date(2026, 3, 1), date(2026, 4, 30)))
    calendar = NamedCalendar(
        calendar_id,
        calendar_id.title(),
        hours,
        version,
        saved_at,
        draw(st.sampled_from((RUNNING, NEW))),
        valid_from,
        tuple(
            SpecialDay(
                (FIRST + timedelta(days=day)).date(), "", draw(st.sampled_from(((), (("10:00", "12:00"),))))
            )
            for day in special
        ),
        whom=Whom(draw(_some(_DOMAINS)), draw(_some(_GROUPS)), draw(_some(_CHANNELS)), draw(st.booleans())),
        public_days=tuple(
            map(NamedDay, draw(st.lists(st.dates(date(2026, 3, 1), date(2026, 4, 1)), max_size=2)))
        ),
    )
    # One in three is of before intervals were kept.
    if draw(st.integers(0, 2)) == 0:
        return calendar
    return replace(calendar, written=Calendar(calendar.effective).write(2026, 2026))


@st.composite
def saved_calendars(draw: st.DrawFn) -> list[NamedCalendar]:
    """Up to three calendars of up to three versions, saved at different times."""
    found: list[NamedCalendar] = []
    for calendar_id in ("north", "south", "west")[: draw(st.integers(0, 3))]:
        count = draw(st.integers(1, 3))
        offsets = sorted(draw(st.lists(st.integers(-20, 50), min_size=count, max_size=count, unique=True)))
        versions: list[NamedCalendar] = []
        for version, offset in enumerate(offsets, 1):
            one = draw(one_version(calendar_id, version, FIRST + timedelta(days=offset, hours=version)))
            versions.append(one)
        try:
            counted_in(versions)
        except CalendarError:
            continue
        found += versions
    return found
