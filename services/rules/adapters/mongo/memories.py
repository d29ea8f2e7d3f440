"""What rules did before: in a chain, on a ticket, to a sender."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, name_failure, named_failures
from chassis.units import Unit
from services.rules.domain.heard import Heard
from services.rules.domain.run import ALREADY_ANSWERED, TOO_MANY_ANSWERS, Match, Memory, Verdict, is_answer

MOST_ANSWERS = 5
_HOUR = timedelta(hours=1)
_DUPLICATE_KEY = 11000


class MongoMemories:
    """Read for the whole batch at once; kept in step with what the batch decides.

    What ran is written with the batch. The right to answer is claimed before anything is sent, outside of the batch's
    transaction and under the event's id: replicas that decide at the same time cannot answer more often than may be,
    and a batch that is run again finds its own claims.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._ran: dict[str, set[str]] = {}
        # By ticket: rule and the event that it answered.
        self._answered: dict[str, dict[str, str]] = {}
        # By sender: the answers (event and rule), and when.
        self._sent: dict[str, list[tuple[str, datetime]]] = {}
        self._noted: set[str] = set()
        # Chains that have a row already.
        self._kept: set[str] = set()

    def load(self, facts: Sequence[Heard], *, answers: bool) -> None:
        """`answers` says whether any rule answers at all."""
        database = self._unit.database
        with named_failures():
            chains = sorted({_chain(heard) for heard in facts})
            for row in database["chains"].find({"_id": {"$in": chains}}):
                self._kept.add(row["_id"])
                self._ran[row["_id"]] = set(row["rules"])
            if not answers:
                return
            tickets = sorted({heard.ticket.ticket_id for heard in facts})
            for row in database["answered"].find({"ticket": {"$in": tickets}}):
                self._answered.setdefault(row["ticket"], {})[row["rule"]] = row["event"]
            for sender, sent in self._senders({_sender(heard) for heard in facts}).items():
                self._sent[sender] = sent

    def of(self, heard: Heard) -> Memory:
        """A claim of this very event forbids nothing: it is being run again."""
        since = self._unit.now - _HOUR
        answered = self._answered.get(heard.ticket.ticket_id, {})
        sent = self._sent.get(_sender(heard), ())
        lately = sum(at > since and not answer.startswith(f"{heard.event_id}:") for answer, at in sent)
        return Memory(
            ran=self._ran.get(_chain(heard), frozenset()),
            answered={rule for rule, event in answered.items() if event != heard.event_id},
            answers_left=max(0, MOST_ANSWERS - lately),
        )

    def note(self, heard: Heard, verdict: Verdict) -> None:
        """Only what did something is remembered."""
        ran = {match.rule.rule.rule_id for match in verdict.matches if match.steps}
        if ran:
            chain = _chain(heard)
            self._ran.setdefault(chain, set()).update(ran)
            self._noted.add(chain)
        for match in verdict.matches:
            if any(map(is_answer, match.steps)):
                answered = self._answered.setdefault(heard.ticket.ticket_id, {})
                answered[match.rule.rule.rule_id] = heard.event_id
                self._sent.setdefault(_sender(heard), []).append((_answer(heard, match), self._unit.now))

    def claim(self, decided: Iterable[tuple[Heard, Verdict]]) -> None:
        """Make sure of every answer before it is sent; those that another replica was first with are withheld."""
        answers = [
            (heard, verdict, match)
            for heard, verdict in decided
            for match in list(verdict.matches)
            if any(map(is_answer, match.steps))
        ]
        if not answers:
            return
        taken = self._claim_tickets([(heard, match) for heard, _, match in answers])
        open_answers = []
        for heard, verdict, match in answers:
            if taken[heard.ticket.ticket_id, match.rule.rule.rule_id] == heard.event_id:
                open_answers.append((heard, verdict, match))
            else:
                verdict.withhold(match, ALREADY_ANSWERED)
        granted = self._claim_senders([(heard, match) for heard, _, match in open_answers])
        for heard, verdict, match in open_answers:
            if _sender(heard) and _answer(heard, match) not in granted[_sender(heard)]:
                verdict.withhold(match, TOO_MANY_ANSWERS)

    def flush(self) -> None:
        """Stage what ran. Two replicas at one chain add up: the later one reads again, and finds the row."""
        for chain in sorted(self._noted):
            if chain not in self._kept:
                # A batch of new rows costs the database a fraction of as many upserts.
                self._unit.insert(
                    "chains", {"_id": chain, "rules": sorted(self._ran[chain]), "at": self._unit.now}
                )
                continue
            update = {
                "$addToSet": {"rules": {"$each": sorted(self._ran[chain])}},
                "$set": {"at": self._unit.now},
            }
            self._unit.update("chains", {"_id": chain}, update)

    def _claim_tickets(self, answers: Sequence[tuple[Heard, Match]]) -> dict[tuple[str, str], str]:
        """Which event each rule has answered for each ticket."""
        rows: dict[Any, Document] = {}
        for heard, match in answers:
            ticket, rule = heard.ticket.ticket_id, match.rule.rule.rule_id
            row = {"ticket": ticket, "rule": rule, "event": heard.event_id, "at": self._unit.now}
            rows.setdefault(f"{ticket}:{rule}", row)
        collection = self._unit.database["answered"]
        with named_failures():
            try:
                collection.bulk_write(
                    [InsertOne({"_id": key, **row}) for key, row in rows.items()], ordered=False
                )
            except BulkWriteError as error:
                codes = {one.get("code") for one in (error.details or {}).get("writeErrors", ())}
                if codes != {_DUPLICATE_KEY}:
                    raise name_failure(error) from error
                for row in collection.find({"_id": {"$in": list(rows)}}):
                    rows[row["_id"]] = row
        return {(row["ticket"], row["rule"]): row["event"] for row in rows.values()}

    def _claim_senders(self, answers: Sequence[tuple[Heard, Match]]) -> dict[str, set[str]]:
        """The answers that each sender may get."""
        wanted: dict[str, list[str]] = {}
        for heard, match in answers:
            if sender := _sender(heard):
                wanted.setdefault(sender, []).append(_answer(heard, match))
        if not wanted:
            return {}
        now = self._unit.now
        with named_failures():
            self._unit.database["senders"].bulk_write(
                [
                    UpdateOne({"_id": sender}, _taking(answers_of_sender, now), upsert=True)
                    for sender, answers_of_sender in sorted(wanted.items())
                ],
                ordered=False,
            )
            return {sender: {answer for answer, _ in sent} for sender, sent in self._senders(wanted).items()}

    def _senders(self, senders: Iterable[str]) -> dict[str, list[tuple[str, datetime]]]:
        wanted = sorted(set(senders) - {""})
        rows = self._unit.database["senders"].find({"_id": {"$in": wanted}})
        return {row["_id"]: [(one["answer"], one["at"]) for one in row["sent"]] for row in rows}


def _taking(answers: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """An update that adds as many of the answers as the hour allows, each at most once."""
    recent = {"$filter": {"input": {"$ifNull": ["$sent", []]}, "cond": {"$gt": ["$$this.at", now - _HOUR]}}}
    added: list[dict[str, Any]] = [{"$set": {"sent": recent, "at": now}}]
    for answer in answers:
        is_free = {"$lt": [{"$size": "$sent"}, MOST_ANSWERS]}
        # An id is a value here, whatever it begins with.
        value = {"$literal": answer}
        is_new = {"$not": [{"$in": [value, "$sent.answer"]}]}
        more = {"$concatArrays": ["$sent", [{"answer": value, "at": now}]]}
        added.append({"$set": {"sent": {"$cond": [{"$and": [is_free, is_new]}, more, "$sent"]}}})
    return added


def _answer(heard: Heard, match: Match) -> str:
    return f"{heard.event_id}:{match.rule.rule.rule_id}"


def _chain(heard: Heard) -> str:
    return f"{heard.chain_id}:{heard.ticket.ticket_id}"


def _sender(heard: Heard) -> str:
    return heard.ticket.requester_email.casefold()
