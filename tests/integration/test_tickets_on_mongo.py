"""Every rule of the domain once more, on a real store: the suites of tests/unit/services/tickets."""

import uuid
from collections.abc import Iterator

import pytest

from chassis import batches, boxes, mongo
from chassis.mongo import Documents
from services.tickets.adapters.mongo import INDEXES
from tests.integration.tickets_on_mongo import MongoDesk
from tests.unit.services.tickets.test_answers import *  # noqa: F403 - the point is that all of them run
from tests.unit.services.tickets.test_deliveries import *  # noqa: F403
from tests.unit.services.tickets.test_forms import *  # noqa: F403
from tests.unit.services.tickets.test_identities import *  # noqa: F403
from tests.unit.services.tickets.test_reach import *  # noqa: F403
from tests.unit.services.tickets.test_receive_message import *  # noqa: F403
from tests.unit.services.tickets.test_spam import *  # noqa: F403
from tests.unit.services.tickets.test_storm import *  # noqa: F403
from tests.unit.services.tickets.test_threading import *  # noqa: F403


@pytest.fixture(scope="module")
def database(mongo_url: str) -> Iterator[Documents]:
    client = mongo.connect(mongo_url)
    database = client[f"t{uuid.uuid4().hex[:10]}_tickets"]
    mongo.ensure_indexes(database, {**batches.INDEXES, **boxes.INDEXES, **INDEXES})
    yield database
    client.drop_database(database.name)
    client.close()


@pytest.fixture
def desk(database: Documents) -> MongoDesk:
    return MongoDesk(database)
