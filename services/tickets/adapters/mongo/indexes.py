"""What the store can be asked for quickly.

Each index costs every write, and one that changes makes the store compute the keys of all of them: with ten a rule's step
cost mongod 0.22 ms, with six 0.12. So a ticket's id begins with the moment of its creation, and what it can be found by
lies in two lists.
"""

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.tickets.adapters.mongo.history import HISTORY

INDEXES = {
    "tickets": [
        IndexModel("number", unique=True),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)]),
        # The inbox of unsolved tickets, overdue first; counts by status.
        IndexModel([("status", ASCENDING), ("clock_due", ASCENDING), ("_id", ASCENDING)]),
        # "Mine" and "my group's".
        IndexModel([("held_by", ASCENDING), ("status", ASCENDING)]),
        # Tags, the requester, and words. The store's own text index looks at every ticket that has any of the words: a
        # second, in 100,000 tickets, for two common ones; this, 5 ms.
        IndexModel("found_by"),
    ],
    "bursts": [IndexModel("forget_at", expireAfterSeconds=0)],
    # Most of it is found by its `_id`. Of the commits, 0 is what the sequencer has yet to stamp; above it, what a watch
    # goes on from.
    HISTORY: [
        IndexModel(
            [("first_sequence", ASCENDING), ("_id", ASCENDING)],
            partialFilterExpression={"first_sequence": {"$exists": True}},
        )
    ],
    "requesters": [
        # One person a key, whoever makes it first.
        IndexModel("keys", unique=True, sparse=True),
        # Words of the name, the organisation's domain, and what the person is only said to be known by.
        IndexModel("found_by", sparse=True),
    ],
    # `_id` is "<customer>:<version>".
    "customer_changes": [],
    "organisations": [IndexModel("domains", unique=True, sparse=True)],
    # `_id` is in time's order.
    "organisation_changes": [IndexModel([("organisation_id", ASCENDING), ("_id", DESCENDING)])],
    "counters": [],
    "groups": [],
    "agents": [IndexModel("email", unique=True)],
    # `_id` is in time's order.
    "agent_changes": [IndexModel([("agent_id", ASCENDING), ("_id", DESCENDING)])],
    "tokens": [],
}
