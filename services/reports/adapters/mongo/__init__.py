"""What reports keeps in MongoDB."""

from services.reports.adapters.mongo.counting import MongoCounting
from services.reports.adapters.mongo.exports import MongoExports
from services.reports.adapters.mongo.indexes import INDEXES
from services.reports.adapters.mongo.loads import MongoLoads
from services.reports.adapters.mongo.reading import MongoBuckets

__all__ = ["INDEXES", "MongoBuckets", "MongoCounting", "MongoExports", "MongoLoads"]
