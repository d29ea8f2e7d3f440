"""Two who change one organisation at once."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from chassis.mongo import Documents, Raced
from chassis.units import Unit
from services.tickets.adapters.mongo import MongoDirectory, MongoPorts, Numbers
from services.tickets.application.save_organisation import save_organisation
from services.tickets.domain.customer_commands import SaveOrganisation
from services.tickets.domain.organisations import Organisation
from services.tickets.domain.people import Actor
from tests.builders import MONDAY
from tests.integration.tickets_on_mongo import store_of_tickets

KATE = Actor("agent", "kate", "Kate")


class _Clock:
    def now(self) -> datetime:
        return MONDAY


@pytest.fixture
def database(mongo_url: str) -> Iterator[Documents]:
    with store_of_tickets(mongo_url) as database:
        yield database


def _saving(database: Documents, organisation: Organisation) -> Unit:
    """A batch that saves it and is not committed yet."""
    unit = Unit(database, _Clock())
    ports = MongoPorts(unit, Numbers(database), MongoDirectory(database))
    save_organisation(SaveOrganisation(KATE, organisation), ports)
    ports.flush()
    return unit


def test_of_two_changes_at_once_one_is_decided_again_and_the_log_has_each_step_once(
    database: Documents,
) -> None:
    _saving(database, Organisation("", "Acme")).commit()
    first = _saving(database, Organisation("acme", "Acme", ("acme.example",)))
    other = Organisation("acme", "Acme Ltd", ("acme.example",))
    second = _saving(database, other)
    first.commit()
    with pytest.raises(Raced):
        second.commit()
    _saving(database, other).commit()
    steps = [tuple(step) for row in database["organisation_changes"].find() for step in row["changes"]]
    assert sorted(steps) == [
        ("domains", "", "acme.example"),
        ("name", "", "Acme"),
        ("name", "Acme", "Acme Ltd"),
    ]


def test_what_changes_nothing_is_no_line_of_the_log(database: Documents) -> None:
    for _ in range(2):
        _saving(database, Organisation("acme", "Acme", ("acme.example",))).commit()
    assert database["organisation_changes"].count_documents({}) == 1
