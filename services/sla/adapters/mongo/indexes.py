"""The indexes that sla's queries rest on."""

from pymongo import ASCENDING, IndexModel

INDEXES = {
    "clocks": [
        # The poller's; sparse, so that it holds only what is armed.
        IndexModel([("alarm_at", ASCENDING)], sparse=True),
        # What falls due next, for lists and gauges.
        IndexModel([("due_at", ASCENDING)], sparse=True),
        IndexModel([("gap_since", ASCENDING)], sparse=True),
    ],
    "policies": [],
    "calendars": [],
    "book": [],
}
