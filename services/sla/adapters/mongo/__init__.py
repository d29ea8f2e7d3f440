"""The store of sla: `clocks` (one row a ticket), `timers` (one row each), `policies` and `calendars` (one row a version),
`book` (their count), `feeds` (how each of them is), `what_ifs` and `what_if_turns` (what they turned, in pieces)."""

from services.sla.adapters.mongo.batch import MongoPorts
from services.sla.adapters.mongo.book import Shelf
from services.sla.adapters.mongo.documents import SHARDS
from services.sla.adapters.mongo.indexes import INDEXES

__all__ = ["INDEXES", "SHARDS", "MongoPorts", "Shelf"]
