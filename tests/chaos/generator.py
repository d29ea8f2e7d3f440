"""Messages by every door and answers of an agent, each written down before it is sent and when it is answered.

Who is told "later" and who hears nothing come again with the same message, as mail servers and clients do.
"""

import itertools
import json
import os
import smtplib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import grpc

from chassis.ids import new_id
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from tests.e2e.system import System

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"
# A 503 or 451, or nobody at the door: not now. The sender keeps the message and comes again with it.
LATER = "later"

# How long a sender waits for an answer, and before it comes again.
PATIENCE = 20.0
AGAIN_AFTER = 0.3
# One answer of the agent for so many messages.
ANSWERS = 10

# By these a caller knows that it is to come again with the same key: not now, overtaken by others, or no word at all.
_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
)


@dataclass(frozen=True)
class Note:
    """One message: its name is the first word of its subject."""

    name: str
    door: str
    conversation: str
    answer: str


class Ledger:
    """Notes on disk, so that even the generator's own death loses none."""

    def __init__(self, path: Path) -> None:
        # Names begin with it, so that one system can be judged again and again.
        self.series = f"m{new_id()[6:18]}x"
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.notes: dict[str, Note] = {}

    def note(self, note: Note) -> None:
        """Write down what is known of a message now."""
        with self._lock:
            self.notes[note.name] = note
            self._file.write(json.dumps(note.__dict__) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def names(self, answer: str) -> set[str]:
        """The messages that got this answer."""
        with self._lock:
            return {note.name for note in self.notes.values() if note.answer == answer}

    @property
    def accepted(self) -> int:
        """How many messages were told yes."""
        return len(self.names(ACCEPTED))


@dataclass
class Generator:
    """Sends messages by both doors, and answers some, until told to stop; each name once, bounded in number.

    Every fifth mail answers an earlier one, every third post goes into one of a few conversations.
    """

    system: System
    ledger: Ledger
    per_second: float = 25.0
    most: int = 6_000
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Begin to send."""
        key = self.system.channel_key()
        both = 2 / self.per_second
        for door, every in (
            (self._post, both),
            (self._mail, both),
            (self._answer, ANSWERS / self.per_second),
        ):
            thread = threading.Thread(target=self._run, args=(door, key, every), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the message in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE + 10)

    def _run(self, door: Callable[[str, int, str], None], key: str, every: float) -> None:
        while not self._stop.wait(every):
            number = next(self._numbers)
            if number >= self.most:
                return
            door(f"{self.ledger.series}{number:05d}", number, key)

    def _insist(self, name: str, door: str, conversation: str, send: Callable[[], str]) -> None:
        """Send until the answer is yes or no; who is told to stop before that does not know whether it was kept."""
        self.ledger.note(Note(name, door, conversation, UNKNOWN))
        while (answer := send()) in (LATER, UNKNOWN):
            if self._stop.wait(AGAIN_AFTER):
                return
        self.ledger.note(Note(name, door, conversation, answer))

    # ---------------------------------------------------------------------------------------------------- the doors

    def _post(self, name: str, number: int, key: str) -> None:
        conversation = f"talk-{self.ledger.series}{number % 7}" if number % 3 == 0 else ""
        body: dict[str, Any] = {
            "client_message_id": name,
            "author": {"external_id": f"u-{conversation or name}", "name": "Somebody"},
            "subject": f"{name} posted",
            "text": f"text of {name}",
        }
        if conversation:
            body["conversation_id"] = conversation
        self._insist(name, "post", conversation, lambda: self.post(body, key))

    def post(self, body: dict[str, Any], key: str) -> str:
        """Post one message; answers how it went."""
        request = urllib.request.Request(
            f"{self.system.endpoints.ingest_url}/v1/channels/demo-api/messages",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {key}",
                "Idempotency-Key": str(body["client_message_id"]),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return ACCEPTED if 200 <= answer.status < 300 else REFUSED
        except urllib.error.HTTPError as no:
            # Who hears 500 does not know what was kept.
            return LATER if no.code == 503 else UNKNOWN if no.code >= 500 else REFUSED
        except OSError:
            return UNKNOWN

    def _mail(self, name: str, number: int, key: str) -> None:
        mail = EmailMessage()
        mail["To"] = "support@demo.example"
        mail["Subject"] = f"{name} mailed"
        mail["Message-ID"] = f"<{name}@customer.example>"
        conversation = ""
        if number % 5 == 0 and (
            earlier := sorted(n for n in self.ledger.names(ACCEPTED) if self._is_first_mail(n))
        ):
            conversation = earlier[-1]
            mail["In-Reply-To"] = mail["References"] = f"<{conversation}@customer.example>"
        # Who goes on is who began: with two in a conversation each answer would be two mails.
        mail["From"] = f"Somebody <{conversation or name}@customer.example>"
        mail.set_content(f"text of {name}")
        self._insist(name, "mail", conversation, lambda: self.mail(mail))

    def _is_first_mail(self, name: str) -> bool:
        note = self.ledger.notes[name]
        return note.door == "mail" and not note.conversation

    def mail(self, mail: EmailMessage) -> str:
        """Send one mail; answers how it went."""
        host, port = self.system.endpoints.smtp_address
        data_begun = False
        try:
            with smtplib.SMTP(host, port, timeout=PATIENCE) as smtp:
                smtp.ehlo()
                smtp.mail(str(mail["From"].addresses[0].addr_spec))
                code, _ = smtp.rcpt("support@demo.example")
                if code < 400:
                    data_begun = True
                    code, _ = smtp.data(mail.as_bytes())
                return ACCEPTED if code == 250 else LATER if 400 <= code < 500 else REFUSED
        except (OSError, smtplib.SMTPException):
            return UNKNOWN if data_begun else LATER

    def _answer(self, name: str, number: int, key: str) -> None:
        found: list[str] = []

        def answer() -> str:
            try:
                if not found:
                    request = tickets_pb2.ListTicketsRequest(page_size=20)
                    newest = self.system.tickets.ListTickets(
                        request, metadata=self.system.metadata, timeout=PATIENCE
                    ).tickets
                    if not newest:
                        return LATER
                    found.append(newest[number % len(newest)].id)
                self.system.tickets.AddMessage(
                    tickets_pb2.AddMessageRequest(
                        idempotency_key=name, ticket_id=found[0], text=f"answer of {name}"
                    ),
                    metadata=(*self.system.metadata, ("x-acting-agent", "kate")),
                    timeout=PATIENCE,
                )
            except grpc.RpcError as no:
                return UNKNOWN if no.code() in _AGAIN else REFUSED
            return ACCEPTED

        self._insist(name, "answer", "", answer)
