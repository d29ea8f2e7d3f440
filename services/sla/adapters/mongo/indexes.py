"""The indexes that sla's queries rest on."""

from pymongo import ASCENDING, IndexModel

# The pollers'; it holds only what is armed.
_ALARMS = IndexModel(
    [("shard", ASCENDING), ("alarm_at", ASCENDING)],
    partialFilterExpression={"alarm_at": {"$exists": True}},
)
INDEXES = {
    "clocks": [
        _ALARMS,
        # What falls due next, for lists and gauges.
        IndexModel([("due_at", ASCENDING)], sparse=True),
        IndexModel([("gap_since", ASCENDING)], sparse=True),
    ],
    "timers": [
        _ALARMS,
        IndexModel("ticket_id", partialFilterExpression={"ticket_id": {"$gt": ""}}),
        # What is over is forgotten by the store itself.
        IndexModel("forget_at", sparse=True, expireAfterSeconds=0),
    ],
    "policies": [],
    "calendars": [],
    "feeds": [],
    "book": [],
}
