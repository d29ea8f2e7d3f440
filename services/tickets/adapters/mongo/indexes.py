"""What the store can be asked for quickly. Each index costs every write, so each names the question it answers."""

from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

INDEXES = {
    "tickets": [
        IndexModel("number", unique=True),
        # Newest first, whatever the filter: the default order, and what a page token goes on from.
        IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)]),
        # The inbox of unsolved tickets, overdue first; counts by status.
        IndexModel([("status", ASCENDING), ("clock_due", ASCENDING), ("_id", ASCENDING)]),
        # "Mine" and "my group's": only what is assigned costs anything.
        IndexModel(
            [("agent", ASCENDING), ("status", ASCENDING)],
            partialFilterExpression={"agent": {"$exists": True}},
        ),
        IndexModel(
            [("group", ASCENDING), ("status", ASCENDING)],
            partialFilterExpression={"group": {"$exists": True}},
        ),
        IndexModel("tags", sparse=True),
        IndexModel("requester.id"),
        # Whole words of subject, requester and preview; no language, so no stemming and no stop words.
        IndexModel(
            [("subject", TEXT), ("requester.name", TEXT), ("requester.email", TEXT), ("preview", TEXT)],
            name="words",
            default_language="none",
            language_override="no_such_field",
        ),
    ],
    # `_id` is "<ticket>:<message>", "<ticket>:<version>:<index>": a ticket's are found by their prefix.
    "messages": [],
    "changes": [],
    "conversations": [],
    # One person a key, whoever makes it first.
    "requesters": [IndexModel("keys", unique=True, sparse=True)],
    # 0 is what the sequencer has yet to stamp; above it, what a watch goes on from.
    "commits": [IndexModel([("first_sequence", ASCENDING), ("_id", ASCENDING)])],
    "counters": [],
    "groups": [],
    "agents": [IndexModel("email", unique=True)],
    "tokens": [],
}
