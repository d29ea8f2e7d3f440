"""What rules did before: in a chain, on a ticket, to a sender."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chassis.mongo import named_failures
from chassis.units import Unit
from services.rules.domain.heard import AddEntry, Heard
from services.rules.domain.run import Memory, Verdict

MOST_ANSWERS = 5
_HOUR = timedelta(hours=1)


class MongoMemories:
    """Read for the whole batch at once; kept in step with what the batch decides."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._ran: dict[str, set[str]] = {}
        self._answered: dict[str, set[str]] = {}
        self._sent: dict[str, list[datetime]] = {}
        self._editions: dict[str, int] = {}
        self._noted: set[tuple[str, str]] = set()

    def load(self, facts: Iterable[Heard], *, answers: bool) -> None:
        """`answers` says whether any rule answers at all."""
        facts = list(facts)
        database = self._unit.database
        with named_failures():
            chains = sorted({_chain(heard) for heard in facts})
            for row in database["chains"].find({"_id": {"$in": chains}}):
                self._ran[row["_id"]] = set(row["rules"])
            if not answers:
                return
            tickets = sorted({heard.ticket.ticket_id for heard in facts})
            for row in database["answered"].find({"_id": {"$in": tickets}}):
                self._answered[row["_id"]] = set(row["rules"])
            senders = sorted({_sender(heard) for heard in facts} - {""})
            for row in database["senders"].find({"_id": {"$in": senders}}):
                self._sent[row["_id"]] = row["sent"]
                self._editions[row["_id"]] = row["edition"]

    def of(self, heard: Heard) -> Memory:
        since = self._unit.now - _HOUR
        lately = sum(at > since for at in self._sent.get(_sender(heard), ()))
        return Memory(
            ran=self._ran.get(_chain(heard), frozenset()),
            answered=self._answered.get(heard.ticket.ticket_id, frozenset()),
            answers_left=max(0, MOST_ANSWERS - lately),
        )

    def note(self, heard: Heard, verdict: Verdict) -> None:
        """Only what did something is remembered."""
        ran = {match.rule.rule.rule_id for match in verdict.matches if match.steps}
        answered = {
            match.rule.rule.rule_id
            for match in verdict.matches
            if any(isinstance(step, AddEntry) and step.visibility == "public" for step in match.steps)
        }
        if ran:
            chain = _chain(heard)
            self._ran.setdefault(chain, set()).update(ran)
            self._noted.add(("chains", chain))
        if answered:
            ticket_id = heard.ticket.ticket_id
            self._answered.setdefault(ticket_id, set()).update(answered)
            self._noted.add(("answered", ticket_id))
            if sender := _sender(heard):
                since = self._unit.now - _HOUR
                sent = [at for at in self._sent.get(sender, ()) if at > since]
                self._sent[sender] = [*sent, *([self._unit.now] * verdict.answers)]
                self._noted.add(("senders", sender))

    def flush(self) -> None:
        """Stage what was noted. Two replicas at one chain or ticket add up; at one sender the second decides again."""
        now = self._unit.now
        for collection, key in sorted(self._noted):
            if collection == "senders":
                self._flush_sender(key)
                continue
            rules = sorted((self._ran if collection == "chains" else self._answered)[key])
            update = {"$addToSet": {"rules": {"$each": rules}}, "$set": {"at": now}}
            self._unit.update(collection, {"_id": key}, update, upsert=True)

    def _flush_sender(self, sender: str) -> None:
        row = {"sent": self._sent[sender], "at": self._unit.now}
        edition = self._editions.get(sender)
        if edition is None:
            self._unit.insert("senders", {"_id": sender, "edition": 1, **row})
        else:
            update = {"$set": {"edition": edition + 1, **row}}
            self._unit.update("senders", {"_id": sender, "edition": edition}, update)


def _chain(heard: Heard) -> str:
    return f"{heard.chain_id}:{heard.ticket.ticket_id}"


def _sender(heard: Heard) -> str:
    return heard.ticket.requester_email.casefold()
