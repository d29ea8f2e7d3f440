"""Calendars that others save, in memory."""

from chassis.businesstime import CalendarNews, SavedCalendars


class MemoryCalendars:
    """Those that a test gives, and what was to be kept."""

    def __init__(self) -> None:
        self.known = SavedCalendars()
        self.kept: list[CalendarNews] = []

    def newest(self) -> SavedCalendars:
        return self.known

    def keep(self, news: CalendarNews) -> None:
        self.kept.append(news)
