"""What was written before: tickets keeps the conversations."""

import grpc

from chassis.errors import NotFound
from chassis.stamps import moment_of
from relaydesk.tickets.v1 import service_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from services.ingest.domain.history import Earlier

# A query: safe to send again.
LISTED = ("relaydesk.tickets.v1.TicketsService/ListMessages",)


class Conversations:
    """Asks tickets."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._tickets = TicketsServiceStub(channel)

    def earlier(self, ticket_id: str, message_id: str) -> list[Earlier]:
        """The public messages before this one, oldest first, none where the ticket is gone. Raises Unavailable.

        Ids grow with time and what was said never changes, so that the answer is the same however often it is asked.
        """
        asked = service_pb2.ListMessagesRequest(ticket_id=ticket_id, public_only=True)
        try:
            found = self._tickets.ListMessages(asked).messages
        except NotFound:
            return []
        return [
            Earlier(
                one.author.name,
                moment_of(one.created_at),
                one.said or one.text,
                one.external_id,
                one.is_automatic,
            )
            for one in found
            # An internal note never leaves, whatever the list holds.
            if one.id < message_id and one.visibility == "public"
        ]
