"""What was sent and what was answered, held against what the system has.

At rest every accepted message must be exactly one entry of exactly one ticket, and nothing else may be there but the
unknown ones, once each. A system is judged many times, so an oracle remembers what it has read: a ticket that stands
where it stood is not read again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import default
from itertools import pairwise
from pathlib import Path

from relaydesk.reports.v1 import service_pb2 as reports_pb2
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.service_pb2 import Change
from relaydesk.tickets.v1.ticket_pb2 import Ticket
from services.tickets.adapters.mongo.history import HISTORY
from tests.chaos.generator import ACCEPTED, REFUSED, UNKNOWN, Ledger
from tests.chaos.inboxes import Inboxes
from tests.chaos.watcher import Watcher
from tests.e2e.system import System
from tests.ticket_rows import MESSAGES
from tests.waiting import wait_until

# The policy whose timers run out while the harm is done.
HASTY = "hasty"
# Much longer than the policy's timers and every lease.
RUN_OUT_WITHIN = 60.0
# A watch may have to find out first that its server stands still.
WATCHED_WITHIN = 45.0

_FINISHED = ("solved", "closed")


class Oracle:
    """Judges one system; every verdict is the list of what is not as promised."""

    def __init__(self, system: System, watcher: Watcher) -> None:
        self._system = system
        self._watcher = watcher
        self._versions: dict[str, int] = {}
        # By ticket: the names of the messages from outside and of the answers in it, and how many messages it has in all.
        self._names: dict[str, list[str]] = {}
        self._answers: dict[str, list[str]] = {}
        self._messages: dict[str, int] = {}
        self._facts: set[str] = set()
        self._breached: set[str] = set()
        self._inboxes = Inboxes(system)
        # By file: a mail's id, and to whom it says what.
        self._mails: dict[str, tuple[str, str]] = {}

    def await_timers(self) -> None:
        """Return once the hasty timer of every ticket has run out."""
        running = [ticket.id for ticket in self._tickets() if ticket.id not in self._breached]

        def all_ran_out() -> bool:
            self._breached |= self._run_out(running)
            running[:] = [ticket_id for ticket_id in running if ticket_id not in self._breached]
            return not running

        wait_until(
            all_ran_out,
            timeout=RUN_OUT_WITHIN,
            interval=0.3,
            describe=lambda: f"the timers of {len(running)} tickets: {running[:5]}",
        )

    def judge(self, ledger: Ledger) -> list[str]:
        """Hold the ledger against tickets, messages, log, facts heard, intake, timers and mails; empty is good."""
        self._faults: list[str] = []
        facts = self._read_tickets()
        self._judge_messages(ledger)
        self._judge_intake()
        self._inboxes.read()
        self._judge_listeners(facts)
        self._judge_timers()
        self._judge_reports()
        self._judge_watch()
        self._judge_mails()
        return self._faults

    def _expect(self, holds: bool, fault: str) -> None:
        if not holds:
            self._faults.append(fault)

    # ------------------------------------------------------------------------------------------------------- tickets

    def _tickets(self) -> Iterator[Ticket]:
        """All tickets, page by page."""
        stub, page = self._system.tickets, ""
        while True:
            request = tickets_pb2.ListTicketsRequest(page_size=200, page_token=page, order_by="number")
            answer = stub.ListTickets(request, metadata=self._system.metadata, timeout=60)
            yield from answer.tickets
            page = answer.next_page_token
            if not page:
                return

    def _read_tickets(self) -> dict[str, Change]:
        """Read what has changed since the last verdict; answers the facts that are new, by their ids."""
        facts: dict[str, Change] = {}
        stub = self._system.tickets
        for ticket in self._tickets():
            before = self._versions.get(ticket.id, 0)
            if ticket.version == before:
                continue
            self._versions[ticket.id] = ticket.version
            messages = stub.ListMessages(
                tickets_pb2.ListMessagesRequest(ticket_id=ticket.id),
                metadata=self._system.metadata,
                timeout=60,
            ).messages
            self._messages[ticket.id] = len(messages)
            self._names[ticket.id] = [
                message.text.split()[2] for message in messages if message.text.startswith("text of ")
            ]
            self._answers[ticket.id] = [
                message.text.split()[2] for message in messages if message.text.startswith("answer of ")
            ]
            changes = stub.ListChanges(
                tickets_pb2.ListChangesRequest(ticket_id=ticket.id, from_version=before),
                metadata=self._system.metadata,
                timeout=60,
            ).changes
            self._judge_log(ticket, before, changes)
            facts |= {change.event_id: change for change in changes}
        self._facts |= facts.keys()
        return facts

    def _judge_log(self, ticket: Ticket, before: int, changes: Iterable[Change]) -> None:
        """The ticket's log has every version once, without a gap."""
        places = [(change.version, change.index) for change in changes]
        versions = sorted({version for version, _ in places})
        whole = versions == list(range(before + 1, ticket.version + 1)) and len(set(places)) == len(places)
        self._expect(whole, f"ticket {ticket.number}: its log has {places}, it is at {ticket.version}")

    def _judge_messages(self, ledger: Ledger) -> None:
        accepted, unknown, refused = (ledger.names(answer) for answer in (ACCEPTED, UNKNOWN, REFUSED))
        stored = Counter(name for found in (self._names, self._answers) for name in _all(found))
        ours = {name for name in stored if name.startswith(ledger.series)}
        self._expect(accepted <= ours, f"lost: {sorted(accepted - ours)[:10]}")
        self._expect(ours <= accepted | unknown, f"from nowhere: {sorted(ours - accepted - unknown)[:10]}")
        # Nothing is wrong with them: who says no for good makes a sender give up.
        self._expect(not refused, f"refused for good: {sorted(refused)[:10]}")
        doubled = sorted(name for name, count in stored.items() if count > 1)
        self._expect(not doubled, f"doubled: {doubled[:10]}")
        # A message that no version of its ticket tells of would not have been read again.
        kept = self._system.database("tickets")[HISTORY].count_documents(MESSAGES)
        known = sum(self._messages.values())
        self._expect(kept == known, f"{kept} messages in the store, {known} in tickets")
        self._judge_conversations(ledger)

    def _judge_conversations(self, ledger: Ledger) -> None:
        ticket_of = {name: ticket_id for ticket_id, names in self._names.items() for name in names}
        by_talk: dict[str, set[str]] = {}
        for note in ledger.notes.values():
            if note.name not in ticket_of:
                continue
            if note.door == "post" and note.conversation:
                by_talk.setdefault(note.conversation, set()).add(ticket_of[note.name])
            if note.door == "mail" and note.conversation in ticket_of:
                same = ticket_of[note.name] == ticket_of[note.conversation]
                self._expect(same, f"{note.name} answers {note.conversation} but is in another ticket")
        split = {talk: len(found) for talk, found in by_talk.items() if len(found) > 1}
        self._expect(not split, f"conversations in several tickets: {split}")

    def _judge_intake(self) -> None:
        line, stored = self._system.ledger(), len(_all(self._names))
        closed = line.ticketed + line.appended + line.applied + line.ignored + line.quarantined
        self._expect(line.accepted == closed + line.in_flight, f"the intake ledger does not add up: {line}")
        self._expect(line.in_flight == 0, f"{line.in_flight} intake rows in flight")
        self._expect(line.closed_twice == 0, f"{line.closed_twice} intake rows closed twice")
        self._expect(
            line.ticketed + line.appended == stored,
            f"{line.ticketed}+{line.appended} closed, {stored} stored",
        )

    # ----------------------------------------------------------------------------------------------------- listeners

    def _judge_listeners(self, facts: dict[str, Change]) -> None:
        """Every listener has heard every fact of the log that concerns it: its inbox has a row for each."""
        for service in ("rules", "sla", "reports"):
            wanted = {event_id for event_id, change in facts.items() if _concerns(service, change)}
            missing = wanted - self._inboxes.heard[service]
            self._expect(
                not missing, f"{service} missed {len(missing)} of {len(facts)} facts: {sorted(missing)[:5]}"
            )
        self._expect(not self._system.dead_letters(), f"dead letters: {self._system.dead_letters()}")

    def _run_out(self, ticket_ids: list[str]) -> set[str]:
        """Those of the tickets whose hasty timer is breached."""
        found: set[str] = set()
        for start in range(0, len(ticket_ids), 200):
            request = sla_pb2.GetClocksRequest(ticket_ids=ticket_ids[start : start + 200])
            clocks = self._system.sla.GetClocks(request, metadata=self._system.metadata, timeout=60).clocks
            found |= {
                clock.ticket_id
                for clock in clocks
                if clock.policy_id == HASTY and any(target.is_breached for target in clock.targets)
            }
        return found

    def _judge_timers(self) -> None:
        """Each ticket's timer is breached once and reports has heard so; a warning came once, or not where it was too late."""
        heard = self._inboxes.timers
        running = sorted(set(self._versions) - self._breached)
        self._expect(not running, f"{len(running)} timers never ran out: {running[:5]}")
        unsaid = sorted(ticket_id for ticket_id in self._versions if heard[ticket_id, "breached"] != 1)
        self._expect(not unsaid, f"{len(unsaid)} of {len(self._versions)} not breached once: {unsaid[:5]}")
        warned = sorted(ticket_id for ticket_id in self._versions if heard[ticket_id, "warned"] > 1)
        self._expect(not warned, f"warned twice: {warned[:5]}")

    def _judge_reports(self) -> None:
        """What reports counted is what there is."""
        request, day = reports_pb2.QueryReportRequest(bucket_minutes=60), timedelta(days=1)
        now = datetime.now(UTC)
        getattr(request, "from").FromDatetime(now - day)
        request.to.FromDatetime(now + day)
        rows = self._system.reports.QueryReport(request, metadata=self._system.metadata, timeout=60).rows
        counted = {
            name: sum(int(getattr(row, name)) for row in rows)
            for name in ("opened", "arrived", "breached", "quarantined")
        }
        there = {
            "opened": len(self._versions),
            "arrived": len(_all(self._names)),
            "breached": len(self._breached),
            "quarantined": int(self._system.ledger().quarantined),
        }
        self._expect(counted == there, f"reports counted {counted}, there are {there}")

    def _judge_watch(self) -> None:
        """Who watched from the first fact on was told each once, in the order of a sequence without a gap."""
        with suppress(AssertionError):
            wait_until(lambda: len(self._watcher.seen) >= len(self._facts), timeout=WATCHED_WITHIN)
        seen = list(self._watcher.seen)
        places = [place for place, _ in seen]
        gaps = [place for place, follows in pairwise(places) if follows != place + 1]
        self._expect(not gaps and places[:1] == [1], f"the watch has gaps or repeats behind {gaps[:5]}")
        told = {event_id for _, event_id in seen}
        self._expect(told == self._facts, f"told {len(told)} facts, there are {len(self._facts)}")

    # --------------------------------------------------------------------------------------------------------- mails

    def _judge_mails(self) -> None:
        """No mail left twice; what the send ledger calls sent did leave, and only what it calls unknown may have or not."""
        for path in self._system.endpoints.sink_folder.glob("*.eml"):
            if path.stem not in self._mails:
                self._mails[path.stem] = _read_mail(path)
        left = Counter(name for name, _ in self._mails.values())
        twice = [name for name, count in left.items() if count > 1]
        self._expect(not twice, f"mails sent twice: {twice[:5]}")
        said = Counter(words for _, words in self._mails.values())
        again = [words for words, count in said.items() if count > 1]
        self._expect(not again, f"the same said twice: {again[:5]}")
        states: dict[str, str] = {}
        fields = {"state": 1, "provider_message_id": 1}
        for row in self._system.database("ingest")["sends"].find({}, fields):
            states[str(row.get("provider_message_id", ""))] = str(row["state"])
        claimed = {name for name, state in states.items() if state == "sent"}
        self._expect(claimed <= set(left), f"called sent, never left: {sorted(claimed - set(left))[:5]}")
        silent = {name for name in left if states.get(name) not in ("sent", "unknown")}
        self._expect(not silent, f"left, but the ledger says otherwise: {sorted(silent)[:5]}")


def _all(names: Mapping[str, list[str]]) -> list[str]:
    return [name for found in names.values() for name in found]


def _read_mail(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        mail = BytesParser(policy=default).parse(file)
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    return str(mail["Message-ID"]).strip(), f"{mail['To']}: {text}"


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
