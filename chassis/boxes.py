"""The inbox and the outbox of a service, in one collection: whoever handles a batch writes into both, and what lies
together is one insertion. Each kind of row has fields of its own, and indexes in which the other does not appear."""

from pymongo import ASCENDING, IndexModel

BOXES = "boxes"
# Longer than any dead letter is kept for a replay; gRPC promises seven days.
INBOX_DAYS = 14
# What an outbox's row has and an inbox's has not.
IS_OUT = {"said_at": {"$exists": True}}
INDEXES = {
    BOXES: [
        # A row for a batch, not for a command: a hundred small documents cost the database far more than one with an
        # index entry for each key.
        IndexModel("keys", unique=True, sparse=True),
        # What has yet to leave has no `at`, and so never runs out.
        IndexModel("at", expireAfterSeconds=INBOX_DAYS * 86_400, sparse=True),
        IndexModel([("said_at", ASCENDING)], sparse=True),
    ],
}
