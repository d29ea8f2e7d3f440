"""The store of tickets: what is kept, and how it is found again."""

from services.tickets.adapters.mongo.batch import MongoPorts
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.adapters.mongo.indexes import INDEXES
from services.tickets.adapters.mongo.numbers import Numbers

__all__ = ["INDEXES", "MongoDirectory", "MongoPorts", "Numbers"]
