"""Ingest's store: channels, the intake ledger, files, the send ledger."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from chassis import chunks

# A refresh token that nobody used for ninety days is not good any more (Microsoft's, learn.microsoft.com "Refresh tokens").
_TOKENS_LAST = 100 * 24 * 3600

INDEXES: dict[str, list[IndexModel]] = {
    **chunks.INDEXES,
    "access_tokens": [IndexModel([("good_until", ASCENDING)], expireAfterSeconds=_TOKENS_LAST)],
    "channels": [],
    "channel_changes": [IndexModel([("channel_id", ASCENDING), ("version", DESCENDING)])],
    "intake": [
        IndexModel([("channel_id", ASCENDING), ("key", ASCENDING)], unique=True),
        # The ledger and what is in flight; counts never touch the rows themselves, which hold raw messages.
        IndexModel([("state", ASCENDING), ("channel_id", ASCENDING), ("received_at", DESCENDING)]),
        IndexModel(
            [("received_at", ASCENDING)], partialFilterExpression={"published": False}, name="unpublished"
        ),
        IndexModel(
            [("channel_id", ASCENDING)], partialFilterExpression={"closed_twice": {"$gt": 0}}, name="twice"
        ),
        IndexModel(
            [("received_at", DESCENDING), ("_id", DESCENDING)],
            partialFilterExpression={"blocked": True},
            name="blocked",
        ),
        IndexModel(
            [("channel_id", ASCENDING), ("received_at", DESCENDING), ("_id", DESCENDING)],
            partialFilterExpression={"blocked": True},
            name="blocked_of_channel",
        ),
    ],
    "files": [],
    "paces": [],
    "mailboxes": [],
    "passed_mails": [IndexModel([("channel_id", ASCENDING), ("reason", ASCENDING)])],
    "replies": [],
    "sends": [
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING)]),
        IndexModel([("ticket_id", ASCENDING), ("_id", ASCENDING)]),
        # How it goes with a channel: the last that left, what waits, what failed lately.
        IndexModel([("channel_id", ASCENDING), ("state", ASCENDING), ("updated_at", DESCENDING)]),
    ],
}
