"""The indexes that the queries of rules rest on, and how long things are kept."""

from pymongo import ASCENDING, IndexModel

from chassis import calendars

_DAY = 86_400
EXPLAINED_DAYS = 30
INDEXES = {
    **calendars.INDEXES,
    # A row's id begins with its ticket's, so that a ticket's explanations need no index of their own.
    "explanations": [IndexModel([("at", ASCENDING)], expireAfterSeconds=EXPLAINED_DAYS * _DAY)],
    # Longer than a fact may come again from a dead-letter queue.
    "chains": [IndexModel([("at", ASCENDING)], expireAfterSeconds=14 * _DAY)],
    "answered": [
        IndexModel([("ticket", ASCENDING)]),
        IndexModel([("at", ASCENDING)], expireAfterSeconds=400 * _DAY),
    ],
    "senders": [IndexModel([("at", ASCENDING)], expireAfterSeconds=_DAY)],
    "rules": [
        IndexModel([("until", ASCENDING), ("since", ASCENDING)]),
        IndexModel([("rule_id", ASCENDING), ("since", ASCENDING)]),
    ],
    "rule_set": [],
}
