"""What was sent and what was answered, held against what the system has.

The generator notes each message before it is sent and its answer after: accepted, refused, or unknown where the
connection died between. At rest every accepted message must be exactly one entry of exactly one ticket, and nothing else
may be there but the unknown ones, once each.
"""

import itertools
import json
import os
import smtplib
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from chassis.ids import new_id
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.service_pb2 import Change
from relaydesk.tickets.v1.ticket_pb2 import Ticket
from tests.e2e.system import System

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"
# A 503 or 451: not now. The sender keeps the message and comes again with it.
LATER = "later"

_FINISHED = ("solved", "closed")

# The policy whose timers run out while the harm is done.
HASTY = "hasty"


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


@dataclass
class Generator:
    """Sends messages by both doors from a few threads until told to stop; each name once, bounded in number.

    Who hears "later" sends the same message again, as mail servers and clients do: what was kept although the database
    died before it could say so must not be kept twice. Every fifth mail answers an earlier one, every third post goes
    into one of a few conversations.
    """

    system: System
    ledger: Ledger
    per_second: float = 25.0
    most: int = 4_000
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Begin to send."""
        key = self.system.channel_key()
        for door in (self._post, self._mail):
            thread = threading.Thread(target=self._run, args=(door, key), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the message in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, door: Any, key: str) -> None:
        while not self._stop.wait(len(self._threads) / self.per_second):
            number = next(self._numbers)
            if number >= self.most:
                return
            door(f"{self.ledger.series}{number:05d}", number, key)

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
        self.ledger.note(Note(name, "post", conversation, UNKNOWN))
        self.ledger.note(Note(name, "post", conversation, self._insist(lambda: self.post(body, key))))

    def _insist(self, send: Callable[[], str]) -> str:
        """Send until the answer is more than "later"; who gives up before does not know whether it was kept."""
        while (answer := send()) == LATER:
            if self._stop.wait(0.3):
                return UNKNOWN
        return answer

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
            with urllib.request.urlopen(request, timeout=20) as answer:
                return ACCEPTED if 200 <= answer.status < 300 else REFUSED
        except urllib.error.HTTPError as no:
            return LATER if no.code == 503 else REFUSED
        except OSError:
            return UNKNOWN

    def _mail(self, name: str, number: int, key: str) -> None:
        mail = EmailMessage()
        mail["From"] = f"{name} <{name}@customer.example>"
        mail["To"] = "support@demo.example"
        mail["Subject"] = f"{name} mailed"
        mail["Message-ID"] = f"<{name}@customer.example>"
        conversation = ""
        if number % 5 == 0 and (
            earlier := sorted(n for n in self.ledger.names(ACCEPTED) if self._is_first_mail(n))
        ):
            conversation = earlier[-1]
            mail["In-Reply-To"] = mail["References"] = f"<{conversation}@customer.example>"
        mail.set_content(f"text of {name}")
        self.ledger.note(Note(name, "mail", conversation, UNKNOWN))
        self.ledger.note(Note(name, "mail", conversation, self._insist(lambda: self.mail(mail))))

    def _is_first_mail(self, name: str) -> bool:
        note = self.ledger.notes[name]
        return note.door == "mail" and not note.conversation

    def mail(self, mail: EmailMessage) -> str:
        """Send one mail; answers how it went."""
        host, port = self.system.endpoints.smtp_address
        data_begun = False
        try:
            with smtplib.SMTP(host, port, timeout=20) as smtp:
                smtp.ehlo()
                smtp.mail(str(mail["From"].addresses[0].addr_spec))
                code, _ = smtp.rcpt("support@demo.example")
                if code < 400:
                    data_begun = True
                    code, _ = smtp.data(mail.as_bytes())
                return ACCEPTED if code == 250 else LATER if 400 <= code < 500 else REFUSED
        except (OSError, smtplib.SMTPException):
            return UNKNOWN if data_begun else REFUSED


@dataclass
class Verdict:
    """Everything that is not as promised; empty is good."""

    faults: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def judge(system: System, ledger: Ledger) -> Verdict:
    """Hold the generator's ledger against tickets, messages, log, facts heard, intake and mails of a system at rest."""
    verdict = Verdict()
    stored: Counter[str] = Counter()
    ticket_of: dict[str, str] = {}
    facts: dict[str, Change] = {}
    for ticket in every_ticket(system):
        request = tickets_pb2.ListMessagesRequest(ticket_id=ticket.id)
        for message in system.tickets.ListMessages(request, metadata=system.metadata, timeout=20).messages:
            if message.intake_id and message.text.startswith("text of "):
                name = message.text.split()[2]
                stored[name] += 1
                ticket_of[name] = ticket.id
        facts |= _judge_log(verdict, system, ticket)
    accepted, unknown = ledger.names(ACCEPTED), ledger.names(UNKNOWN)
    ours = {name for name in stored if name.startswith(ledger.series)}
    verdict.expect(accepted <= ours, f"lost: {sorted(accepted - ours)[:10]}")
    verdict.expect(ours <= accepted | unknown, f"from nowhere: {sorted(ours - accepted - unknown)[:10]}")
    doubled = sorted(name for name, count in stored.items() if count > 1)
    verdict.expect(not doubled, f"doubled: {doubled[:10]}")
    _judge_conversations(verdict, ledger, ticket_of)
    _judge_intake(verdict, system, stored)
    _judge_listeners(verdict, system, facts)
    _judge_timers(verdict, system)
    _judge_mails(verdict, system)
    return verdict


def every_ticket(system: System) -> Iterator[Ticket]:
    """All tickets, page by page."""
    stub, page = system.tickets, ""
    while True:
        request = tickets_pb2.ListTicketsRequest(page_size=200, page_token=page, order_by="number")
        answer = stub.ListTickets(request, metadata=system.metadata, timeout=20)
        yield from answer.tickets
        page = answer.next_page_token
        if not page:
            return


def _judge_conversations(verdict: Verdict, ledger: Ledger, ticket_of: dict[str, str]) -> None:
    by_talk: dict[str, set[str]] = {}
    for note in ledger.notes.values():
        if note.name not in ticket_of:
            continue
        if note.door == "post" and note.conversation:
            by_talk.setdefault(note.conversation, set()).add(ticket_of[note.name])
        if note.door == "mail" and note.conversation in ticket_of:
            same = ticket_of[note.name] == ticket_of[note.conversation]
            verdict.expect(same, f"{note.name} answers {note.conversation} but is in another ticket")
    split = {talk: len(found) for talk, found in by_talk.items() if len(found) > 1}
    verdict.expect(not split, f"conversations in several tickets: {split}")


def _judge_log(verdict: Verdict, system: System, ticket: Ticket) -> dict[str, Change]:
    """The ticket's log has every version once, without a gap; answers its facts by their ids."""
    request = tickets_pb2.ListChangesRequest(ticket_id=ticket.id)
    changes = system.tickets.ListChanges(request, metadata=system.metadata, timeout=20).changes
    places = [(change.version, change.index) for change in changes]
    versions = sorted({version for version, _ in places})
    whole = versions == list(range(1, ticket.version + 1)) and len(set(places)) == len(places)
    verdict.expect(whole, f"ticket {ticket.number}: its log has {places}, it is at {ticket.version}")
    return {change.event_id: change for change in changes}


def _judge_intake(verdict: Verdict, system: System, stored: Counter[str]) -> None:
    line = system.ledger()
    closed = line.ticketed + line.appended + line.applied + line.ignored + line.quarantined + line.in_flight
    verdict.expect(line.accepted == closed, f"the intake ledger does not add up: {line}")
    verdict.expect(line.in_flight == 0, f"{line.in_flight} intake rows in flight")
    verdict.expect(line.closed_twice == 0, f"{line.closed_twice} intake rows closed twice")
    verdict.expect(
        line.ticketed + line.appended == len(stored),
        f"{line.ticketed}+{line.appended} closed, {len(stored)} stored",
    )


def _concerns(service: str, change: Change) -> bool:
    """Whether the service keeps that it heard this: what it takes no interest in leaves no trace."""
    if change.fact == "MessageAdded":
        # rules takes no interest in what it made tickets write.
        return service != "rules" or change.actor.kind != "rule"
    if change.fact == "TicketChanged" and service == "reports":
        # It counts ends and moves; a reply's delivery is neither.
        return any(
            field.field in ("group", "agent", "tags")
            or (field.field == "status" and (field.old in _FINISHED) != (field.new in _FINISHED))
            for field in change.changes
        )
    return True


def _judge_listeners(verdict: Verdict, system: System, facts: dict[str, Change]) -> None:
    """Every listener has heard every fact of the log that concerns it, once: its inbox has a row for each."""
    for service in ("rules", "sla", "reports"):
        heard = {
            str(key).partition(":")[2]
            for row in system.database(service)["inbox"].find({}, {"keys": 1})
            for key in row["keys"]  # type: ignore[attr-defined]
            if str(key).startswith(f"{service}:")
        }
        missing = {event_id for event_id, change in facts.items() if _concerns(service, change)} - heard
        verdict.expect(
            not missing, f"{service} missed {len(missing)} of {len(facts)} facts: {sorted(missing)[:5]}"
        )
    verdict.expect(not system.dead_letters(), f"dead letters: {system.dead_letters()}")


def running_timers(system: System) -> list[str]:
    """The tickets whose hasty timer has not run out yet, or that have none."""
    return sorted(ticket_id for ticket_id, breached in _hasty_timers(system).items() if not breached)


def _hasty_timers(system: System) -> dict[str, bool]:
    """By ticket: whether its hasty timer is breached."""
    ids = [ticket.id for ticket in every_ticket(system)]
    found: dict[str, bool] = {}
    for start in range(0, len(ids), 200):
        request = sla_pb2.GetClocksRequest(ticket_ids=ids[start : start + 200])
        clocks = system.sla.GetClocks(request, metadata=system.metadata, timeout=20).clocks
        found |= {
            clock.ticket_id: clock.policy_id == HASTY and any(target.is_breached for target in clock.targets)
            for clock in clocks
        }
    return {ticket_id: found.get(ticket_id, False) for ticket_id in ids}


def _judge_timers(verdict: Verdict, system: System) -> None:
    """Each ticket's timer is breached once and reports has heard so; a warning came once, or not where it was too late."""
    heard: Counter[tuple[str, str]] = Counter()
    for row in system.database("reports")["inbox"].find({}, {"keys": 1}):
        for key in row["keys"]:  # type: ignore[attr-defined]
            words = str(key).split(":")
            if words[0] == "reports" and words[-1] in ("warned", "breached"):
                heard[words[1], words[-1]] += 1
    timers = _hasty_timers(system)
    for ticket_id, breached in timers.items():
        verdict.expect(breached, f"ticket {ticket_id}: its timer never ran out")
    unsaid = sorted(ticket_id for ticket_id in timers if heard[ticket_id, "breached"] != 1)
    verdict.expect(not unsaid, f"{len(unsaid)} of {len(timers)} timers not breached once: {unsaid[:5]}")
    warned = sorted(ticket_id for ticket_id in timers if heard[ticket_id, "warned"] > 1)
    verdict.expect(not warned, f"warned twice: {warned[:5]}")


def _judge_mails(verdict: Verdict, system: System) -> None:
    """No mail left twice; what the send ledger calls sent did leave, and only what it calls unknown may have or not."""
    left = Counter(str(mail.message["Message-ID"]).strip() for mail in system.sink.mails())
    twice = [name for name, count in left.items() if count > 1]
    verdict.expect(not twice, f"mails sent twice: {twice[:5]}")
    states: dict[str, str] = {}
    for row in system.database("ingest")["sends"].find({}, {"state": 1, "provider_message_id": 1}):
        states[str(row.get("provider_message_id", ""))] = str(row["state"])
    claimed = {name for name, state in states.items() if state == "sent"}
    verdict.expect(claimed <= set(left), f"called sent, never left: {sorted(claimed - set(left))[:5]}")
    silent = {name for name in left if states.get(name) not in ("sent", "unknown")}
    verdict.expect(not silent, f"left, but the ledger says otherwise: {sorted(silent)[:5]}")
