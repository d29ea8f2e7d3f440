"""The book of policies and calendars: kept in memory, read again when its count says that something was saved."""

import threading
from collections.abc import Sequence

from chassis.mongo import Document, Documents, named_failures
from services.sla.adapters.mongo.calendars import calendar_of_row
from services.sla.adapters.mongo.policies import policy_of_row
from services.sla.domain.book import Book
from services.sla.domain.imagined import imagined
from services.sla.domain.policy import NamedCalendar, Policy

COUNT = "count"


class Shelf:
    """The newest book. One small read a batch keeps it exact: what was saved before a ticket's fact holds for it."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._count = -1
        self._book = Book()
        self._policies: tuple[Policy, ...] = ()
        self._calendars: tuple[NamedCalendar, ...] = ()

    def newest(self) -> tuple[int, Book]:
        """The book and its count. Raises Unavailable."""
        with self._lock, named_failures():
            row = self._database["book"].find_one({"_id": COUNT})
            count = row["count"] if row else 0
            if count != self._count:
                self._policies = tuple(policy_of_row(row) for row in self._rows("policies"))
                self._calendars = tuple(calendar_of_row(row) for row in self._rows("calendars"))
                self._book, self._count = Book(self._policies, self._calendars), count
            return self._count, self._book

    def with_version(self, version: Policy | NamedCalendar) -> Book:
        """The book of the last `newest`, had this been saved too."""
        if isinstance(version, Policy):
            return Book((*self._policies, version), self._calendars)
        return Book(self._policies, (*self._calendars, version))

    def imagined(self, policies: Sequence[Policy], calendars: Sequence[NamedCalendar]) -> Book:
        """The book of the last `newest`, had these been in force all along."""
        return imagined(self._policies, self._calendars, policies, calendars)

    @property
    def policies(self) -> dict[str, Policy]:
        """The newest version of each, as of the last `newest`."""
        return {policy.policy_id: policy for policy in self._policies}

    @property
    def calendars(self) -> dict[str, NamedCalendar]:
        return {calendar.calendar_id: calendar for calendar in self._calendars}

    @property
    def versions(self) -> dict[str, tuple[NamedCalendar, ...]]:
        """Of each calendar all of them, the newest last."""
        versions: dict[str, tuple[NamedCalendar, ...]] = {}
        for calendar in self._calendars:
            versions[calendar.calendar_id] = (*versions.get(calendar.calendar_id, ()), calendar)
        return versions

    def _rows(self, collection: str) -> list[Document]:
        return list(self._database[collection].find().sort("version"))


class ShelfPolicies:
    """The newest versions, as they were when it was made."""

    def __init__(self, shelf: Shelf) -> None:
        self._count, self.book = shelf.newest()
        self._policies = shelf.policies
        self._calendars = shelf.calendars
        self._shelf = shelf

    def policy(self, policy_id: str) -> Policy | None:
        return self._policies.get(policy_id)

    def newest(self) -> Sequence[Policy]:
        return tuple(self._policies.values())

    def calendar(self, calendar_id: str) -> NamedCalendar | None:
        return self._calendars.get(calendar_id)

    def calendar_ids(self) -> frozenset[str]:
        return frozenset(self._calendars)

    def newest_calendars(self) -> Sequence[NamedCalendar]:
        return tuple(self._calendars.values())

    def versions(self, calendar_id: str) -> Sequence[NamedCalendar]:
        return self._shelf.versions.get(calendar_id, ())
