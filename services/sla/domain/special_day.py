"""What a person writes about single dates."""

from dataclasses import dataclass
from datetime import date, datetime

from chassis.businesstime import DayHours, Window


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A date on which it stays closed, and what it is called."""

    day: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date with hours of its own: a half day, an extra working day, a day that is closed.

    `like_weekday` (1 is Monday) stands for the windows of that weekday.
    """

    day: date
    name: str = ""
    hours: tuple[tuple[str, str], ...] = ()
    like_weekday: int = 0

    def written(self, windows: tuple[Window, ...]) -> DayHours:
        """With its hours told."""
        like = tuple((one.opens, one.closes) for one in windows if one.weekday == self.like_weekday)
        return DayHours(self.day, like or self.hours)


@dataclass(frozen=True, slots=True)
class Feed:
    """Closed days that somebody else publishes, as they were when the feed was last well."""

    url: str
    days: tuple[NamedDay, ...] = ()
    read_at: datetime | None = None
