"""Where a page ended, as a token that only we can write and that fits one question only."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime

from chassis.errors import InvalidField
from relaydesk.tickets.v1 import customers_pb2, service_pb2
from services.tickets.domain.selection import Position

_MAC_LENGTH = 16
_Listing = service_pb2.ListTicketsRequest | customers_pb2.ListCustomersRequest


class PageTokens:
    """Writes and reads tokens. All replicas share the key."""

    def __init__(self, instance_key: str) -> None:
        self._key = hmac.digest(instance_key.encode(), b"relaydesk page token", "sha256")

    def write(self, request: _Listing, last: Position) -> str:
        """The token that goes on behind `last`, for the same filter and order only."""
        value = last.value if isinstance(last.value, int) else last.value.timestamp()
        body = json.dumps([value, last.ticket_id]).encode()
        return base64.urlsafe_b64encode(self._mac(request, body) + body).decode().rstrip("=")

    def read(self, request: _Listing) -> Position | None:
        """Where the request goes on; None for the first page. Raises InvalidField."""
        if not request.page_token:
            return None
        wrong = InvalidField("page_token", "a token from the last answer, with the same filter and order")
        text = request.page_token
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise wrong from None
        mac, body = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        if not hmac.compare_digest(mac, self._mac(request, body)):
            raise wrong
        value, ticket_id = json.loads(body)
        return Position(value if isinstance(value, int) else datetime.fromtimestamp(value, UTC), ticket_id)

    def _mac(self, request: _Listing, body: bytes) -> bytes:
        question = type(request).FromString(request.SerializeToString())
        question.ClearField("page_token")
        question.ClearField("page_size")
        # The messages of two lists may have the same bytes.
        name = question.DESCRIPTOR.full_name.encode()
        asked = hashlib.sha256(name + question.SerializeToString(deterministic=True)).digest()
        return hmac.digest(self._key, asked + body, "sha256")[:_MAC_LENGTH]
