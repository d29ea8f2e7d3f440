"""Pages whose rows name tickets ask for all of them at once."""

from collections.abc import Collection

import pytest

from services.console.domain.tickets import Ticket
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk


@pytest.mark.parametrize(
    ("address", "shown"), [("/sends", "/tickets/48163"), ("/sla/at-risk", "/tickets/48163")]
)
def test_the_tickets_of_all_rows_are_one_question(
    kate: Visitor, fakes: MemoryDesk, address: str, shown: str
) -> None:
    asked: list[Collection[str]] = []
    real = fakes.tickets.get_tickets

    def heard(ticket_ids: Collection[str]) -> tuple[Ticket, ...]:
        asked.append(ticket_ids)
        return real(ticket_ids)

    fakes.tickets.get_tickets = heard  # type: ignore[method-assign]
    assert shown in kate.get(address).text
    assert len(asked) == 1


@pytest.mark.parametrize("address", ["/sends", "/sla/at-risk"])
def test_rows_stay_where_their_tickets_cannot_be_read(kate: Visitor, fakes: MemoryDesk, address: str) -> None:
    fakes.outages.away.add("tickets")
    answer = kate.get(address)
    assert answer.status_code == 200
    assert "<tbody>" in answer.text
