"""A clock that a conductor moves: the same system on another time.

The moment is a row that every process reads each time it asks. So nobody can still believe an earlier moment after the
conductor's write was answered, whatever a cache, an idle pause or a busy machine would have done to the news of it.
"""

import re
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from pymongo import MongoClient, ReturnDocument
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.mongo import Document, named_failures

DATABASE = "clock"
_ROW = "clock"
# What may be simulated begins like this, so that no installation is by mistake.
PREFIX = "simulated_"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@runtime_checkable
class _Beside(Protocol):
    """A clock that knows another one, which goes on by itself."""

    real: Clock


def real(clock: Clock) -> Clock:
    """The clock for leases and whatever else waits for processes: real time, also where `clock` is simulated."""
    return clock.real if isinstance(clock, _Beside) else clock


class SimulatedClock:
    """Stands at the row's moment, or runs on from it at the pace of real time once the conductor lets go.

    Raises Unavailable where there is no row: a simulated system without a conductor has no time.
    """

    def __init__(self, client: MongoClient[Document], prefix: str, real: Clock) -> None:
        # Read and written at the primary, and acknowledged by it: a moment once read is never taken back.
        self._rows = client[f"{prefix}{DATABASE}"].get_collection(
            "clock", read_concern=ReadConcern("local"), write_concern=WriteConcern(w=1)
        )
        self.real = real

    def now(self) -> datetime:
        with named_failures():
            row = self._rows.find_one({"_id": _ROW})
        if row is None:
            raise Unavailable("clock (nobody conducts this simulation)")
        return self._moment(row)

    def begin(self, moment: datetime) -> None:
        """Stand at a moment, wherever it stood before. The conductor's alone, as all that follows."""
        with named_failures():
            self._rows.replace_one({"_id": _ROW}, {"at": _whole(moment), "runs_since": None}, upsert=True)

    def move(self, moment: datetime) -> None:
        """Go on to a moment; ValueError where it has passed already. On return everybody has the new time."""
        with named_failures():
            row = self._rows.find_one_and_update(
                {"_id": _ROW, "runs_since": None, "at": {"$lte": _whole(moment)}},
                {"$set": {"at": _whole(moment)}},
                return_document=ReturnDocument.AFTER,
            )
        if row is None:
            raise ValueError(f"the clock is past {moment.isoformat()}, or runs by itself")

    def let_go(self) -> None:
        """Run on from here at the pace of real time."""
        with named_failures():
            self._rows.update_one(
                {"_id": _ROW, "runs_since": None}, {"$set": {"runs_since": self.real.now()}}
            )

    def _moment(self, row: Document) -> datetime:
        at: datetime = row["at"]
        since: datetime | None = row["runs_since"]
        return at if since is None else at + max(self.real.now() - since, timedelta(0))


def refusal(prefix: str, *urls: str) -> str:
    """Why a system with these databases, broker and store may not be simulated; empty where it may.

    Simulated time in a system that serves people would break every promise at once. So it is no choice there: the
    broker and the store must be on this machine, as they are in no cluster, and the databases must say what they are.
    """
    if not prefix.startswith(PREFIX):
        return f"CLOCK: simulated is for databases that begin with {PREFIX}, DATABASE_PREFIX is {prefix!r}"
    away = sorted(host for url in urls for host in _hosts(url) if host not in _HERE)
    if away:
        return f"CLOCK: simulated is for a broker and a store on this machine, not on {', '.join(away)}"
    return ""


def _hosts(url: str) -> list[str]:
    place = urlsplit(url).netloc.rpartition("@")[2]
    return [re.sub(r":\d*$", "", one).strip("[]") for one in place.split(",")]


def _whole(moment: datetime) -> datetime:
    # The store keeps milliseconds; what is written must be what is read.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
