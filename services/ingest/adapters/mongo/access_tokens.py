"""Access tokens that were given, sealed, for all processes."""

import json
from dataclasses import dataclass
from datetime import datetime

from chassis.mongo import Documents, named_failures
from services.ingest.adapters.sealing import Seal


@dataclass(frozen=True, slots=True)
class KeptToken:
    """The newest of one source. `good_until` is when to ask for another, some time before it ends."""

    access_token: str
    # The one to ask with next; empty where it is the one that was given to us.
    refresh_token: str
    asked_at: datetime
    good_until: datetime


class MongoAccessTokens:
    """A row for each source; what is not asked for any more goes by itself."""

    def __init__(self, database: Documents, seal: Seal) -> None:
        self._rows = database["access_tokens"]
        self._seal = seal

    def find(self, key: str) -> KeptToken | None:
        """None where there is none that can be opened."""
        with named_failures():
            row = self._rows.find_one({"_id": key})
        opened = self._seal.open(row["sealed"]) if row is not None else ""
        if row is None or not opened:
            return None
        access, refresh = json.loads(opened)
        return KeptToken(access, refresh, row["asked_at"], row["good_until"])

    def keep(self, key: str, kept: KeptToken) -> None:
        """In place of the one before."""
        sealed = self._seal.close(json.dumps([kept.access_token, kept.refresh_token]))
        said = {"sealed": sealed, "asked_at": kept.asked_at, "good_until": kept.good_until}
        with named_failures():
            self._rows.update_one({"_id": key}, {"$set": said}, upsert=True)

    def end(self, key: str, asked_at: datetime, now: datetime) -> None:
        """That one is asked for anew, unless somebody has done so."""
        with named_failures():
            self._rows.update_one({"_id": key, "asked_at": asked_at}, {"$set": {"good_until": now}})
