"""RulesService: requests become commands and queries, answers become messages of the contract."""

# ruff: noqa: N802 - the methods have the names of the contract

from dataclasses import fields, replace
from functools import cache
from typing import Any

from chassis import rpc
from chassis.batches import BatchRunner, Task
from chassis.businesstime import SavedCalendars
from chassis.calendars import CalendarShelf
from chassis.clock import Clock
from chassis.errors import InvalidField, NotFound
from chassis.mongo import Document, Documents, named_failures
from chassis.operators import OPERATORS, Kind
from chassis.rpc import Access, RpcServer
from relaydesk.rules.v1 import service_pb2 as pb
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceServicer, add_RulesServiceServicer_to_server
from services.rules.adapters.checking import Checking, among
from services.rules.adapters.mongo import Shelf
from services.rules.adapters.mongo.documents import heard_of_row, rule_of_row
from services.rules.adapters.outcomes import outcome_to_wire
from services.rules.adapters.rule_wire import rule_of_wire, rule_to_wire
from services.rules.adapters.tickets import Messages
from services.rules.adapters.trying import tried
from services.rules.application.vocabulary import described_fields, find_read, vocabulary
from services.rules.domain import commands
from services.rules.domain.heard import EVENTS
from services.rules.domain.rule import in_order
from services.rules.domain.run import explain

MOST_EXPLAINED = 200
MOST_VERSIONS = 1_000
_ACTING_AGENT = "x-acting-agent"
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_WRITERS = frozenset({"admin", "system"})
_SERVICE = "relaydesk.rules.v1.RulesService"
ACCESS: Access = {
    f"{_SERVICE}/ListRules": _READERS,
    f"{_SERVICE}/GetRule": _READERS,
    f"{_SERVICE}/SaveRule": _WRITERS,
    f"{_SERVICE}/DeleteRule": _WRITERS,
    f"{_SERVICE}/ListRuleVersions": _READERS,
    f"{_SERVICE}/ExplainEvent": _READERS,
    f"{_SERVICE}/ListVocabulary": _READERS,
    f"{_SERVICE}/CheckRules": _READERS,
    f"{_SERVICE}/TryRules": _READERS,
}


class RulesRpc(RulesServiceServicer):
    """Answers in threads."""

    def __init__(
        self,
        database: Documents,
        shelf: Shelf,
        calendars: CalendarShelf,
        runner: BatchRunner,
        messages: Messages,
        clock: Clock,
    ) -> None:
        self._explanations = database["explanations"]
        self._rules = database["rules"]
        self._shelf = shelf
        self._calendars = calendars
        self._runner = runner
        self._messages = messages
        self._clock = clock
        self._checking = Checking(shelf)

    def ListRules(self, request: pb.ListRulesRequest, _: Any) -> pb.ListRulesResponse:
        rules = self._shelf.newest()
        return pb.ListRulesResponse(
            rules=[rule_to_wire(one.rule) for one in in_order(rules.all_rules)],
            rule_set_version=rules.version,
        )

    def GetRule(self, request: pb.GetRuleRequest, _: Any) -> pb.GetRuleResponse:
        self._shelf.newest()
        rule = self._shelf.by_id.get(request.rule_id)
        if rule is None:
            raise NotFound("no such rule")
        return pb.GetRuleResponse(rule=rule_to_wire(rule))

    def SaveRule(self, request: pb.SaveRuleRequest, _: Any) -> pb.SaveRuleResponse:
        rule = self._do(commands.SaveRule(rule_of_wire(request.rule), request.expected_version, _who()))
        return pb.SaveRuleResponse(rule=rule_to_wire(rule))

    def DeleteRule(self, request: pb.DeleteRuleRequest, _: Any) -> pb.DeleteRuleResponse:
        self._do(commands.DeleteRule(request.rule_id, request.expected_version, _who()))
        return pb.DeleteRuleResponse()

    def ListRuleVersions(self, request: pb.ListRuleVersionsRequest, _: Any) -> pb.ListRuleVersionsResponse:
        if not request.rule_id:
            raise InvalidField("rule_id", "the id of a rule")
        with named_failures():
            rows = list(self._rules.find({"rule_id": request.rule_id}).sort("since", -1).limit(MOST_VERSIONS))
        if not rows:
            raise NotFound("no such rule")
        return pb.ListRuleVersionsResponse(versions=map(_version_to_wire, rows))

    def ExplainEvent(self, request: pb.ExplainEventRequest, _: Any) -> pb.ExplainEventResponse:
        if bool(request.event_id) == bool(request.ticket_id):
            raise InvalidField("event_id", "either an event_id or a ticket_id")
        with named_failures():
            rows = self._rows(request.event_id, request.ticket_id)
        return pb.ExplainEventResponse(explanations=[self._explained(row) for row in rows])

    def ListVocabulary(self, request: pb.ListVocabularyRequest, _: Any) -> pb.ListVocabularyResponse:
        words = described_fields()
        return pb.ListVocabularyResponse(
            fields=[
                pb.Word(name=name, description=text, takes=[*_operators_of(kind), *choices])
                for name, (text, kind, choices) in words.items()
            ],
            operators=[
                pb.Word(name=name, description=text, takes=takes)
                for name, (text, takes) in _operators().items()
            ],
            actions=[
                pb.Word(
                    name=kind,
                    description=" ".join((action.__doc__ or "").split()),
                    takes=[param.name for param in fields(action.Params)],
                )
                for kind, action in vocabulary().actions.items()
            ],
            events=[pb.Word(name=name, description=text) for name, text in EVENTS.items()],
        )

    def CheckRules(self, request: pb.CheckRulesRequest, _: Any) -> pb.CheckRulesResponse:
        return self._checking.check([rule_of_wire(draft) for draft in request.drafts])

    def TryRules(self, request: pb.TryRulesRequest, _: Any) -> pb.TryRulesResponse:
        saved = () if request.only_drafts else self._shelf.newest().all_rules
        rules = among(saved, [rule_of_wire(draft) for draft in request.drafts])
        return tried(rules, request.events, self._clock.now(), lambda: self._calendars.newest()[1])

    def _do(self, command: commands.SaveRule | commands.DeleteRule) -> Any:
        (outcome,) = self._runner.run([Task("", command)])
        if outcome.error is not None:
            raise outcome.error
        return outcome.answer

    def _rows(self, event_id: str, ticket_id: str) -> list[Document]:
        if event_id:
            return list(self._explanations.find({"_id": event_id}))
        # An event's id begins with its ticket's; ";" is what comes after ":".
        of_ticket = {"_id": {"$gt": f"{ticket_id}:", "$lt": f"{ticket_id};"}}
        return list(self._explanations.find(of_ticket).sort("at", -1).limit(MOST_EXPLAINED))

    def _calendars_of(self, row: Document) -> SavedCalendars:
        """Those that were known when the event was looked at; all where nobody asked for any then."""
        page = row.get("calendars")
        return self._calendars.newest()[1] if page is None else self._calendars.at(page)

    def _explained(self, row: Document) -> pb.Explanation:
        heard = heard_of_row(row)
        if row.get("cut") and heard.message is not None:
            text = self._messages.text(heard.ticket.ticket_id, heard.message.message_id)
            if text is not None:
                heard = replace(heard, message=replace(heard.message, text=text))
        matched = {
            rule_id: (reason, tuple(actions)) for rule_id, reason, actions, _ in row.get("matched", ())
        }
        results = {rule_id: result for rule_id, _, _, result in row.get("matched", ())}
        held_back = dict(row.get("held_back", ()))
        rules = self._shelf.at(row["set"])
        traces = explain(rules, heard, find_read, matched, held_back, cache(lambda: self._calendars_of(row)))
        explanation = pb.Explanation(
            event_id=row["_id"],
            ticket_id=heard.ticket.ticket_id,
            rule_set_version=row["set"],
            outcomes=[outcome_to_wire(trace, results.get(trace.rule.rule.rule_id, "")) for trace in traces],
            chain_id=heard.chain_id,
            depth=heard.depth,
        )
        explanation.evaluated_at.FromDatetime(row["at"])
        return explanation


def _who() -> str:
    """The agent whose token it is, or for whom our own console acts; else the program."""
    call = rpc.call()
    principal = call.principal
    acting = call.metadata(_ACTING_AGENT) if principal.role == "system" else ""
    return principal.agent_id or acting or principal.name


def _version_to_wire(row: Document) -> pb.RuleVersion:
    wire = pb.RuleVersion(
        rule=rule_to_wire(rule_of_row(row)),
        since=row["since"],
        until=row.get("until") or 0,
        deleted_by=row.get("deleted_by", ""),
    )
    if "deleted_at" in row:
        wire.deleted_at.FromDatetime(row["deleted_at"])
    return wire


def register(server: RpcServer, servicer: RulesRpc) -> None:
    """Serve it."""
    server.add(add_RulesServiceServicer_to_server, servicer)


def _operators_of(kind: Kind) -> list[str]:
    return list(dict.fromkeys(operator.name for operator in OPERATORS if kind in operator.kinds))


def _operators() -> dict[str, tuple[str, list[str]]]:
    """By name: what it asks, and the kinds of fields that it is for."""
    found: dict[str, tuple[str, list[str]]] = {}
    for operator in OPERATORS:
        _, kinds = found.setdefault(operator.name, (operator.description, []))
        kinds += [kind for kind in Kind if kind in operator.kinds and kind not in kinds]
    return found
