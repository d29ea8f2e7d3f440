"""Names of our tickets that come back to us in mails, proven by a MAC of the instance key."""

import hashlib
import hmac
import itertools
import re
from dataclasses import dataclass

# Hex digits; 64 bits of a MAC that can only be tried by sending a mail for each guess.
_MAC_LENGTH = 16
# RFC 5321, 4.5.3.1.1: some servers refuse longer local parts.
_MAX_LOCAL_PART = 64

_TAG = re.compile(r"\+t\.([0-9a-z]{1,64})\.([0-9a-f]{16})@", re.IGNORECASE)
_MARK = re.compile(r"rd-t\.([0-9a-z]{1,64})\.([0-9a-f]{16})(?![0-9a-z])")
_MOST_MARKS = 50
_MESSAGE_ID = re.compile(r"<t\.([0-9a-z]{1,64})\.([0-9a-z]{1,64})\.([0-9a-f]{16})@[^<>\s]+>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proof:
    """What one mail proves about our tickets."""

    # The strongest first, each once.
    ticket_ids: tuple[str, ...] = ()
    # Something looked like ours and was not.
    is_spoofed: bool = False


class Tokens:
    """Makes and checks plus-address tokens and Message-IDs of one instance."""

    def __init__(self, instance_key: bytes) -> None:
        if len(instance_key) < 16:
            raise ValueError("an instance key has at least 16 bytes")
        self._key = instance_key
        # Names this instance in loop headers without telling its key.
        self.instance_id = self._mac("instance")

    def reply_address(self, address: str, ticket_id: str) -> str:
        """The mailbox's address that names the ticket; the plain address where a token would make it too long."""
        local, _, domain = address.rpartition("@")
        tagged = f"{local}+t.{ticket_id}.{self._mac('address', ticket_id)}"
        return f"{tagged}@{domain}" if len(tagged) <= _MAX_LOCAL_PART else address

    def message_id(self, ticket_id: str, message_id: str, domain: str) -> str:
        """The Message-ID under which a message of a ticket leaves; the same however often it is asked."""
        return f"<t.{ticket_id}.{message_id}.{self._mac('message', ticket_id, message_id)}@{domain}>"

    def mark(self, ticket_id: str) -> str:
        """What names the ticket in the words of a mail, where nobody reads it."""
        return f"rd-t.{ticket_id}.{self._mac('mark', ticket_id)}"

    def marked(self, *texts: str) -> tuple[str, ...]:
        """Ticket ids by such marks, each once. Another instance's mean nothing to us, and are nobody's fault."""
        found: dict[str, None] = {}
        for text in texts:
            # Most mails have none.
            if "rd-t." in text:
                for match in itertools.islice(_MARK.finditer(text), _MOST_MARKS):
                    if self._is_right(match.group(2), "mark", match.group(1)):
                        found.setdefault(match.group(1))
        return tuple(found)

    def is_own_message_id(self, message_id: str) -> bool:
        """This instance made the Message-ID."""
        match = _MESSAGE_ID.fullmatch(message_id)
        return match is not None and self._proves(match)

    def prove(self, address_fields: list[str], in_reply_to: str, references: tuple[str, ...]) -> Proof:
        """Ticket ids by plus address, then by In-Reply-To, then by References from the newest to the oldest."""
        proven: dict[str, None] = {}
        is_spoofed = False
        for raw in address_fields:
            if "+t." not in raw and "+T." not in raw:
                continue
            for match in _TAG.finditer(raw):
                ticket_id = match.group(1).lower()
                if self._is_right(match.group(2), "address", ticket_id):
                    proven.setdefault(ticket_id)
                else:
                    is_spoofed = True
        for identifier in (in_reply_to, *reversed(references)):
            own = _MESSAGE_ID.fullmatch(identifier) if identifier.startswith(("<t.", "<T.")) else None
            if own is None:
                continue
            if self._proves(own):
                proven.setdefault(own.group(1).lower())
            else:
                is_spoofed = True
        return Proof(tuple(proven), is_spoofed)

    def ticket_of(self, message_id: str) -> str:
        """The ticket that an own Message-ID names; empty where it is not ours."""
        match = _MESSAGE_ID.fullmatch(message_id)
        return match.group(1).lower() if match is not None and self._proves(match) else ""

    def _proves(self, match: re.Match[str]) -> bool:
        return self._is_right(match.group(3), "message", match.group(1).lower(), match.group(2).lower())

    def _is_right(self, given: str, *what: str) -> bool:
        return hmac.compare_digest(given.lower(), self._mac(*what))

    def _mac(self, *what: str) -> str:
        return hmac.new(self._key, "\0".join(what).encode(), hashlib.sha256).hexdigest()[:_MAC_LENGTH]
