"""The indexes that sla's queries rest on."""

from pymongo import ASCENDING, IndexModel

# By when tickets came.
CAME = "came"
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
        # What came when: it is written once a ticket, and what-ifs read along it.
        IndexModel([("ticket.created_at", ASCENDING), ("_id", ASCENDING)], name=CAME),
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
    "what_ifs": [
        IndexModel("requested_at", partialFilterExpression={"is_over": False}, name="not_over"),
        IndexModel("requested_at"),
        IndexModel("forget_at", expireAfterSeconds=0),
    ],
    # "<what-if>:<step>".
    "what_if_turns": [IndexModel("forget_at", expireAfterSeconds=0)],
}
