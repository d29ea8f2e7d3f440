"""The rows of a tickets database, by their kind."""

from chassis.mongo import Document

# Facts have an actor, keys a ticket, commits their events.
MESSAGES: Document = {"author": {"$exists": True}}
