"""What the listeners have heard, read from their inboxes as these grow."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from chassis.boxes import BOXES
from tests.e2e.system import System

# Rows carry the moment at which their transaction began; no transaction is older than this when it commits.
_LATE = timedelta(minutes=2)


class Inboxes:
    """The keys of rules, sla and reports so far."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._read: set[object] = set()
        self._until: dict[str, datetime] = {}
        # By service: the ids of the facts that it heard.
        self.heard: dict[str, set[str]] = defaultdict(set)
        # By ticket and what became of its timer: in how many of its rows reports heard it.
        self.timers: Counter[tuple[str, str]] = Counter()

    def read(self) -> None:
        """Read the rows that are new."""
        for service in ("rules", "sla", "reports"):
            since = self._until.get(service)
            where = {"at": {"$gte": since - _LATE}} if since is not None else {"at": {"$exists": True}}
            for row in self._system.database(service)[BOXES].find(where, {"keys": 1, "at": 1}):
                if row["_id"] in self._read:
                    continue
                self._read.add(row["_id"])
                at, keys = row["at"], row["keys"]
                assert isinstance(at, datetime)
                assert isinstance(keys, list)
                self._until[service] = max(self._until.get(service, at), at)
                for key in keys:
                    self._note(service, str(key))

    def _note(self, service: str, key: str) -> None:
        consumer, _, event_id = key.partition(":")
        if consumer != service:
            return
        self.heard[service].add(event_id)
        words = event_id.split(":")
        if service == "reports" and words[-1] in ("warned", "breached"):
            self.timers[words[0], words[-1]] += 1
