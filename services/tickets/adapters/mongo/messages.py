"""Outgoing messages of one batch: what is known of their way."""

from collections.abc import Iterable

from chassis.mongo import named_failures
from chassis.units import Unit
from services.tickets.adapters.mongo.history import HISTORY, message_key
from services.tickets.adapters.mongo.message_documents import sending_fields, sending_of
from services.tickets.domain.message import Sending


class MongoMessages:
    """The ways of the messages that a batch hears of."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._sendings: dict[tuple[str, str], Sending | None] = {}
        self._changed: dict[tuple[str, str], int] = {}

    def load(self, messages: Iterable[tuple[str, str]]) -> None:
        """Read these at once, each a ticket's id and a message's."""
        wanted = [pair for pair in set(messages) if pair not in self._sendings]
        if not wanted:
            return
        ids = [message_key(ticket_id, message_id) for ticket_id, message_id in wanted]
        fields = {"delivery": 1, "external_id": 1, "visibility": 1}
        with named_failures():
            rows = list(self._unit.database[HISTORY].find({"_id": {"$in": ids}}, fields))
        self._sendings.update(dict.fromkeys(wanted))
        for row in rows:
            sending = sending_of(row)
            self._sendings[sending.ticket_id, sending.message_id] = sending

    def flush(self) -> None:
        """Stage what changed, each unless somebody wrote in between."""
        for pair, edition in self._changed.items():
            sending = self._sendings[pair]
            assert sending is not None
            was = {"_id": message_key(*pair), "delivery.edition": edition or {"$in": [0, None]}}
            self._unit.update(HISTORY, was, {"$set": sending_fields(sending)})

    def sending(self, ticket_id: str, message_id: str) -> Sending | None:
        self.load([(ticket_id, message_id)])
        return self._sendings[ticket_id, message_id]

    def keep_sending(self, sending: Sending) -> None:
        pair = (sending.ticket_id, sending.message_id)
        self._sendings[pair] = sending
        self._changed.setdefault(pair, sending.edition)
