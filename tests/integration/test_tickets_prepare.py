"""Roles that start at once on an empty store."""

from concurrent.futures import ThreadPoolExecutor

from services.tickets.__main__ import prepare
from tests.integration.tickets_desk import TicketsDesk


def test_roles_that_start_together_all_find_what_they_need(
    vhost: str, mongo_url: str, database_prefix: str
) -> None:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    try:
        desk.database.client.drop_database(desk.database.name)
        roles = [desk.parts(role) for role in ("serve", "listen", "work", "serve")]
        with ThreadPoolExecutor(4) as starting:
            list(starting.map(prepare, roles))
        assert "found_by_1" in desk.database["tickets"].index_information()
    finally:
        desk.stop()
