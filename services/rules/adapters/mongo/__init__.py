"""The store of rules: `rules` (one row a version), `rule_set` (its version), `explanations`, and what was done before."""

from services.rules.adapters.mongo.batch import MongoPorts
from services.rules.adapters.mongo.indexes import INDEXES
from services.rules.adapters.mongo.shelf import Shelf

__all__ = ["INDEXES", "MongoPorts", "Shelf"]
