"""A desk that only counts."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.reports.adapters.wire import CONSUMES
from services.reports.application.query_report import query_report
from services.reports.domain.figures import Figures
from services.reports.domain.query import Query
from tests.fakes.reports import MemoryCounting
from tests.fakes.ticket_facts import MONDAY, Told


class Counted(MemoryCounting):
    """Hears facts through the wire's table and tells what they add up to."""

    def hear_all(self, told: Sequence[Told]) -> None:
        """As one batch."""
        commands = [CONSUMES[type(fact)](fact, envelope) for fact, envelope in told]
        self.hear(*(command for command in commands if command is not None))

    def by(self, dimension: str = "", days: int = 30) -> dict[str, Figures]:
        """Figures by value over some days from the day of MONDAY."""
        found: dict[str, Figures] = {}
        begin = MONDAY.replace(hour=0)
        for row in query_report(Query(begin, begin + timedelta(days=days), dimension), self):
            found.setdefault(row.value, Figures()).merge(row.figures)
        return found

    @property
    def total(self) -> Figures:
        return self.by().get("", Figures())


@pytest.fixture
def counted() -> Counted:
    return Counted()
