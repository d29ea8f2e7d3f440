"""Collections and what they can be asked for quickly.

Buckets, minutes and load are found by their `_id` alone, which begins with what is asked for; a second index would
cost every write.
"""

from pymongo import ASCENDING, IndexModel

from chassis import calendars

INDEXES = {
    **calendars.INDEXES,
    # "<dimension>:<minute of the bucket>:<slot>:<value>", kept for ever.
    "buckets": [],
    # The same by the day.
    "days": [],
    # "<minute>:<slot>:<channel>", for the board.
    "minutes": [IndexModel("at", expireAfterSeconds=35 * 86_400)],
    # "<bucket's minutes>:<minute>:<queue>".
    "queue_load": [IndexModel("expires_at", expireAfterSeconds=0)],
    # "<ticket>:<how often it had come back>"; gone once both ends are known.
    "spells": [],
    # A first reply is told twice only within the days for which facts may come again.
    "first_replies": [IndexModel("at", expireAfterSeconds=14 * 86_400)],
    # "<ticket>:<target>:<its beginning>", where a breach was told or may have been taken back.
    "promises": [IndexModel("at", expireAfterSeconds=35 * 86_400)],
    "exports": [
        IndexModel([("state", ASCENDING), ("lease_until", ASCENDING)]),
        IndexModel("requested_at"),
    ],
    # "<export>:<attempt>:<piece>".
    "export_pieces": [],
}
