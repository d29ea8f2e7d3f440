from bus.v1.bundle_pb2 import Envelope
from relaydesk.tickets.v1 import events_pb2, ticket_pb2
from services.reports.adapters.wire import opening_of_opened


def test_what_a_list_took_for_spam_is_counted_as_nobodys_work() -> None:
    fact = events_pb2.TicketOpened(ticket=ticket_pb2.Ticket(id="t1", status="spam", channel="support"))
    assert opening_of_opened(fact, Envelope()) is None
    fact.ticket.status = "new"
    assert opening_of_opened(fact, Envelope()) is not None
