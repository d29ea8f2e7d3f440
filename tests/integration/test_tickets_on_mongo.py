"""Every rule of the domain once more, on a real store: the suites of tests/unit/services/tickets."""

from collections.abc import Iterator

import pytest

from chassis.mongo import Documents
from tests.integration.tickets_on_mongo import MongoDesk, store_of_tickets
from tests.unit.services.tickets.test_answers import *  # noqa: F403 - the point is that all of them run
from tests.unit.services.tickets.test_deliveries import *  # noqa: F403
from tests.unit.services.tickets.test_forms import *  # noqa: F403
from tests.unit.services.tickets.test_identities import *  # noqa: F403
from tests.unit.services.tickets.test_merging_tickets import *  # noqa: F403
from tests.unit.services.tickets.test_reach import *  # noqa: F403
from tests.unit.services.tickets.test_receive_message import *  # noqa: F403
from tests.unit.services.tickets.test_spam import *  # noqa: F403
from tests.unit.services.tickets.test_storm import *  # noqa: F403
from tests.unit.services.tickets.test_threading import *  # noqa: F403


@pytest.fixture(scope="module")
def database(mongo_url: str) -> Iterator[Documents]:
    with store_of_tickets(mongo_url) as database:
        yield database


@pytest.fixture
def desk(database: Documents) -> MongoDesk:
    return MongoDesk(database)
