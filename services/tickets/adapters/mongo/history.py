"""The collection that holds a ticket's messages and facts, the commits that list the facts, and the keys that lead to it.

A batch writes all four, and pays for each collection that it inserts into. What a row is, its `_id` says; only commits
have `first_sequence`.
"""

import hashlib

from chassis.mongo import Document

HISTORY = "history"
# Longer keys than any honest Message-ID are kept by their fingerprint.
_LONGEST_KEY = 400


def message_key(ticket_id: str, message_id: str) -> str:
    """A message's `_id`: a ticket's messages lie together, in the order of their making."""
    return f"{ticket_id}/{message_id}"


def messages_of(ticket_id: str) -> Document:
    """The `_id`s of a ticket's messages."""
    # "0" is what follows "/".
    return {"$gte": f"{ticket_id}/", "$lt": f"{ticket_id}0"}


def facts_of(ticket_id: str) -> Document:
    """The `_id`s of a ticket's facts: "<ticket>:<version>:<index>", which are their event ids."""
    # ";" is what follows ":".
    return {"$gte": f"{ticket_id}:", "$lt": f"{ticket_id};"}


def conversation_key(channel: str, key: str) -> str:
    """The `_id` of what leads to a ticket. Message-IDs are compared as they are: their left side may tell cases apart."""
    if len(key) > _LONGEST_KEY:
        key = "sha256:" + hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"{channel}\0{key}"


def follower_key(ticket_id: str) -> str:
    """The `_id` of what leads from a closed ticket to the one that follows it."""
    # No channel has an empty id.
    return f"\0follows\0{ticket_id}"
