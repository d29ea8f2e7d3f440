"""A merge is an event of its own: no rule takes it for a change, a message or a solution unless it asks."""

from relaydesk.tickets.v1 import events_pb2
from services.rules.adapters.wire import event_of_added, event_of_changed
from services.rules.domain.heard import TICKET_CHANGED, TICKET_MERGED
from tests.fakes.ticket_facts import TicketLife, Told


def _events(told: Told) -> tuple[str, ...]:
    fact, envelope = told
    assert isinstance(fact, events_pb2.TicketChanged)
    return event_of_changed(fact, envelope).heard.events


def test_a_merge_and_its_undoing_are_heard_by_their_own_name_only() -> None:
    life = TicketLife()
    life.opens()
    assert _events(life.merges(5)) == (TICKET_MERGED,)
    assert _events(life.unmerges(6, "new")) == (TICKET_MERGED,)
    assert _events(life.changes(7, status="solved")) == (TICKET_CHANGED,)


def test_a_message_that_came_along_is_no_message_of_the_requester_again() -> None:
    source, target = TicketLife(), TicketLife()
    fact, _ = source.opens()
    target.opens()
    assert isinstance(fact, events_pb2.TicketOpened)
    added, envelope = target.takes_in(5, fact.message)
    assert isinstance(added, events_pb2.MessageAdded)
    assert event_of_added(added, envelope) is None
