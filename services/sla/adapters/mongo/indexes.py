"""The indexes that sla's queries rest on."""

from pymongo import ASCENDING, IndexModel

INDEXES = {
    "clocks": [
        # The pollers'; it holds only what is armed.
        IndexModel(
            [("shard", ASCENDING), ("alarm_at", ASCENDING)],
            partialFilterExpression={"alarm_at": {"$exists": True}},
        ),
        # What falls due next, for lists and gauges.
        IndexModel([("due_at", ASCENDING)], sparse=True),
        IndexModel([("gap_since", ASCENDING)], sparse=True),
    ],
    "policies": [],
    "calendars": [],
    "book": [],
}
