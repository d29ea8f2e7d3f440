"""Who works when: agents with their hours, lunch and days off."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEK = frozenset(range(5))


@dataclass(frozen=True)
class Shift:
    """The hours of one agent, by the clocks of the zone in which they live."""

    agent_id: str
    name: str
    groups: tuple[str, ...]
    language: str
    zone: str
    begins: int = 9
    ends: int = 18
    lunch: int = 13
    # Monday is 0.
    days: frozenset[int] = _WEEK

    def is_at_work(self, moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(self.zone))
        is_open = self.begins <= local.hour < self.ends and local.hour != self.lunch
        return is_open and local.weekday() in self.days

    def next_at_work(self, moment: datetime) -> datetime:
        """The moment itself, or the next at which they sit down."""
        zone = ZoneInfo(self.zone)
        local = moment.astimezone(zone)
        candidates = (
            datetime.combine(local.date() + timedelta(days=day), time(hour), zone).astimezone(moment.tzinfo)
            for day in range(8)
            for hour in (self.begins, self.lunch + 1)
        )
        if self.is_at_work(moment):
            return moment
        return next(at for at in candidates if at > moment and self.is_at_work(at))


_LISBON, _BRASILIA, _MOSCOW = "Europe/Lisbon", "America/Sao_Paulo", "Europe/Moscow"
EVERY_GROUP = ("support", "payments", "delivery")

# The first three are the demo's.
ROSTER = (
    Shift("kate", "Kate Miller", EVERY_GROUP, "en", _LISBON, lunch=14),
    Shift("rafael", "Rafael Teixeira", ("payments",), "pt", _BRASILIA),
    Shift("maria", "Мария Соколова", ("delivery",), "ru", _MOSCOW, begins=10, ends=19, lunch=14),
    Shift("tom", "Tom Berger", ("support", "payments"), "en", _LISBON, begins=8, ends=17, lunch=12),
    Shift("ines", "Inês Lopes", ("support", "delivery"), "pt", _LISBON),
    Shift(
        "anton", "Anton Grey", ("support", "delivery"), "en", _LISBON, 10, 16, 12, frozenset({2, 3, 4, 5, 6})
    ),
)
