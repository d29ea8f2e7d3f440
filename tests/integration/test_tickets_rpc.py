"""TicketsService and AccountsService as another system meets them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pymongo.read_concern import ReadConcern

from relaydesk.tickets.v1 import accounts_pb2, service_pb2, ticket_pb2
from services.tickets.adapters.mongo.history import HISTORY, message_key
from tests.integration.tickets_desk import Client, TicketsDesk
from tests.waiting import wait_until


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[TicketsDesk]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    yield desk
    desk.stop()


@pytest.fixture
def client(desk: TicketsDesk) -> Client:
    return desk.serve()


def _refusal(client: Client, method: str, request: Any) -> tuple[str, dict[str, str]]:
    """The status a call is refused with, and its field violations."""
    with pytest.raises(grpc.RpcError) as refusal:
        client.ask(method, request)
    fields: dict[str, str] = {}
    status = rpc_status.from_call(refusal.value)
    for detail in status.details if status is not None else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            fields |= {violation.field: violation.description for violation in bad.field_violations}
    return refusal.value.code().name, fields


def _update(ticket: ticket_pb2.Ticket, *paths: str, **more: Any) -> service_pb2.UpdateTicketRequest:
    return service_pb2.UpdateTicketRequest(ticket=ticket, update_mask=FieldMask(paths=paths), **more)


# --------------------------------------------------------------------------------------------------------------- writes


def test_a_created_ticket_is_read_as_it_was_answered(client: Client) -> None:
    ticket = client.create(tags=["b", "a"], fields={"order": "A-17"}, priority="high")
    assert (ticket.status, ticket.priority, list(ticket.tags), ticket.version) == (
        "new",
        "high",
        ["a", "b"],
        1,
    )
    assert ticket.requester.email == "ana@example.org"
    assert client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket.id)).ticket == ticket
    assert client.ask("GetTicket", service_pb2.GetTicketRequest(number=ticket.number)).ticket == ticket


def test_many_tickets_are_read_at_once_and_those_that_are_not_there_left_out(client: Client) -> None:
    made = [client.create() for _ in range(3)]
    wanted = [made[2].id, "nobody", made[0].id, made[2].id]
    found = client.ask("GetTickets", service_pb2.GetTicketsRequest(ids=wanted)).tickets
    assert sorted(one.id for one in found) == sorted([made[0].id, made[2].id])
    too_many = service_pb2.GetTicketsRequest(ids=[f"t{n}" for n in range(201)])
    code, fields = _refusal(client, "GetTickets", too_many)
    assert (code, list(fields)) == ("INVALID_ARGUMENT", ["ids"])


def test_a_repeat_with_the_same_key_gets_the_first_answer(client: Client, desk: TicketsDesk) -> None:
    first = client.create(idempotency_key="k1")
    again = client.create(idempotency_key="k1")
    assert first == again
    assert len(desk.tickets()) == 1


def test_a_repeat_whose_condition_has_passed_gets_the_first_answer(client: Client) -> None:
    ticket = client.create()
    ticket.priority = "high"
    request = _update(ticket, "priority", expected_version=1, idempotency_key="k2")
    first = client.ask("UpdateTicket", request)
    # Asked for anew it would be ABORTED: the version has moved, because it was done.
    assert client.ask("UpdateTicket", request) == first
    assert first.ticket.version == 2


def test_the_same_key_for_another_request_is_refused_by_its_field(client: Client) -> None:
    client.create(idempotency_key="k1")
    request = service_pb2.CreateTicketRequest(
        idempotency_key="k1", subject="Other", text="x", requester=ticket_pb2.Requester(email="a@b.c")
    )
    code, fields = _refusal(client, "CreateTicket", request)
    assert (code, list(fields)) == ("INVALID_ARGUMENT", ["idempotency_key"])


def test_two_callers_may_use_the_same_key(client: Client, desk: TicketsDesk) -> None:
    client.create(idempotency_key="k1")
    client.as_role("admin").create(idempotency_key="k1")
    assert len(desk.tickets()) == 2


def test_many_callers_with_one_key_make_one_ticket(client: Client, desk: TicketsDesk) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: client.create(idempotency_key="k1").id, range(24)))
    assert len(set(answers)) == 1
    assert len(desk.tickets()) == 1


def test_an_update_on_an_old_version_is_aborted(client: Client) -> None:
    ticket = client.create()
    ticket.priority = "high"
    client.ask("UpdateTicket", _update(ticket, "priority", expected_version=1))
    ticket.priority = "low"
    assert _refusal(client, "UpdateTicket", _update(ticket, "priority", expected_version=1))[0] == "ABORTED"


def test_updates_of_two_servers_at_once_leave_every_version_with_one_change(
    desk: TicketsDesk, client: Client
) -> None:
    other = desk.serve()
    ticket = client.create()

    def tag(n: int) -> None:
        step = service_pb2.TicketStep(add_tag=f"t{n}")
        command = service_pb2.TicketCommand(idempotency_key=f"k{n}", ticket_id=ticket.id, steps=[step])
        request = service_pb2.ApplyCommandsRequest(commands=[command])
        caller = client if n % 2 else other

        def outcome() -> str:
            try:
                return str(caller.ask("ApplyCommands", request).outcomes[0].outcome)
            except grpc.RpcError as no:
                if no.code() is not grpc.StatusCode.ABORTED:
                    raise
                # Five races lost in a row; the same key asks again.
                return ""

        assert wait_until(outcome) == "done"

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(tag, range(40)))
    now = client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket.id)).ticket
    assert (now.version, len(now.tags)) == (41, 40)
    changes = client.ask(
        "ListChanges", service_pb2.ListChangesRequest(ticket_id=ticket.id, from_version=1)
    ).changes
    assert [change.version for change in changes] == list(range(2, 42))


def test_only_what_the_mask_names_is_changed(client: Client) -> None:
    ticket = client.create(tags=["a"])
    ticket.subject, ticket.priority = "Another", "urgent"
    changed = client.ask("UpdateTicket", _update(ticket, "subject")).ticket
    assert (changed.subject, changed.priority, list(changed.tags)) == ("Another", "medium", ["a"])


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 256}, "subject"),
        ({"text": ""}, "text"),
        ({"text": "x" * 65_537}, "text"),
        ({"requester": ticket_pb2.Requester(name="Ana")}, "requester"),
        ({"requester": ticket_pb2.Requester(email="not an address")}, "requester.email"),
        ({"requester": ticket_pb2.Requester(phone="123")}, "requester.phone"),
        ({"requester": ticket_pb2.Requester(id="nobody")}, "requester.id"),
        ({"channel": "No Channel"}, "channel"),
        ({"group": "nowhere"}, "group"),
        ({"agent": "nobody"}, "agent"),
        ({"priority": "very"}, "priority"),
        ({"tags": ["two words"]}, "tags"),
        ({"fields": {"a b": "c"}}, "fields.a b"),
        ({"idempotency_key": "k" * 201}, "idempotency_key"),
    ],
)
def test_each_wrong_field_of_a_new_ticket_is_named(
    client: Client, request_: dict[str, Any], field: str
) -> None:
    good = {"subject": "s", "text": "t", "requester": ticket_pb2.Requester(email="ana@example.org")}
    code, fields = _refusal(client, "CreateTicket", service_pb2.CreateTicketRequest(**{**good, **request_}))
    assert (code, list(fields)) == ("INVALID_ARGUMENT", [field])


def test_an_unknown_path_in_the_mask_is_named(client: Client) -> None:
    ticket = client.create()
    assert _refusal(client, "UpdateTicket", _update(ticket, "version"))[1].keys() == {"update_mask"}
    assert _refusal(client, "UpdateTicket", _update(ticket))[1].keys() == {"update_mask"}


def test_refused_commands_do_not_spoil_the_others(client: Client) -> None:
    first, second = client.create(), client.create()
    commands = [
        service_pb2.TicketCommand(
            idempotency_key=f"e1:{place}",
            ticket_id=ticket_id,
            cause_id="e1",
            chain_id="c1",
            steps=[service_pb2.TicketStep(set_field=service_pb2.SetField(field="priority", value=value))],
        )
        for place, (ticket_id, value) in enumerate(
            [
                (first.id, "high"),
                (first.id, "very"),
                ("nowhere", "high"),
                (second.id, "medium"),
                (second.id, "low"),
            ]
        )
    ]
    request = service_pb2.ApplyCommandsRequest(commands=commands)
    outcomes = client.ask("ApplyCommands", request).outcomes
    assert [outcome.outcome for outcome in outcomes] == ["done", "refused", "refused", "unchanged", "done"]
    assert "priority" in outcomes[1].reason
    assert list(client.ask("ApplyCommands", request).outcomes) == list(outcomes)
    (change,) = client.ask(
        "ListChanges", service_pb2.ListChangesRequest(ticket_id=first.id, from_version=1)
    ).changes
    assert (change.cause_id, change.chain_id, change.actor.kind) == ("e1", "c1", "system")


def test_a_person_behind_our_own_service_is_the_actor(client: Client, desk: TicketsDesk) -> None:
    agent = accounts_pb2.Agent(name="Kate Stone", email="Kate@demo.example")
    saved = client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent)).agent
    ticket = client.create()
    console = desk.client(client.port, **{"x-acting-agent": saved.id})
    answer = console.ask("AddMessage", service_pb2.AddMessageRequest(ticket_id=ticket.id, text="Hello"))
    assert (answer.message.author.kind, answer.message.author.name) == ("agent", "Kate Stone")
    assert answer.ticket.HasField("first_replied_at")


def test_rights_are_kept_until_somebody_sets_them_and_go_along_with_the_agents_token(client: Client) -> None:
    agent = accounts_pb2.Agent(name="Olga", email="olga@demo.example", rights=["channels"])
    saved = client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent, sets_rights=True)).agent
    # As the page with a person's settings does, which knows of no rights.
    language = accounts_pb2.Agent(id=saved.id, name="Olga", email="olga@demo.example", language="pt")
    client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=language))
    made = accounts_pb2.CreateTokenRequest(role="agent", agent_id=saved.id)
    token = client.ask("CreateToken", made).token
    checked = client.ask("CheckToken", accounts_pb2.CheckTokenRequest(token=token))
    assert (checked.role, list(checked.rights)) == ("agent", ["channels"])
    unknown = accounts_pb2.Agent(name="Max", email="max@demo.example", rights=["everything"])
    code, fields = _refusal(
        client, "SaveAgent", accounts_pb2.SaveAgentRequest(agent=unknown, sets_rights=True)
    )
    assert (code, list(fields)) == ("INVALID_ARGUMENT", ["agent.rights"])


def test_a_long_conversation_is_answered_whole_with_its_oldest_mails_shortened(
    client: Client, desk: TicketsDesk
) -> None:
    ticket = client.create()
    for n in range(60):
        desk.database[HISTORY].insert_one(
            {
                "_id": message_key(ticket.id, f"f{n:031x}"),
                "author": {"kind": "requester"},
                "text": "t" * 250_000,
                "html": "h" * 250_000,
                "at": datetime(2026, 3, 2, tzinfo=UTC),
                "visibility": "public",
            }
        )
    messages = client.ask("ListMessages", service_pb2.ListMessagesRequest(ticket_id=ticket.id)).messages
    assert len(messages) == 61
    assert (messages[1].is_truncated, messages[-1].is_truncated) == (True, False)
    assert len(messages[-1].html) == 250_000


# ---------------------------------------------------------------------------------------------------------------- lists


def _list(client: Client, **asked: Any) -> service_pb2.ListTicketsResponse:
    return client.ask("ListTickets", service_pb2.ListTicketsRequest(**asked))  # type: ignore[no-any-return]


def test_pages_show_each_ticket_once_while_tickets_arrive_and_change(client: Client) -> None:
    tickets = [client.create(f"t{n}") for n in range(25)]
    seen: list[str] = []
    token = ""
    while True:
        page = _list(client, page_size=4, page_token=token)
        seen += [ticket.id for ticket in page.tickets]
        client.create("late")
        tickets[3].priority = "urgent"
        client.ask("UpdateTicket", _update(tickets[3], "priority"))
        token = page.next_page_token
        if not token:
            break
    assert seen == [ticket.id for ticket in reversed(tickets)]


@pytest.mark.parametrize("order", ["created_at", "updated_at", "number", "priority", "clock"])
@pytest.mark.parametrize("direction", ["", " desc"])
def test_every_order_pages_through_all_tickets(
    client: Client, desk: TicketsDesk, order: str, direction: str
) -> None:
    made = [client.create(priority=("low", "high", "medium")[n % 3]).id for n in range(11)]
    for place, ticket_id in enumerate(made[:5]):
        due = datetime(2026, 1, 1 + place, tzinfo=UTC)
        clock = {"target": "first_reply", "due_at": due, "paused": False, "breached": False}
        desk.database["tickets"].update_one(
            {"_id": ticket_id}, {"$set": {"clock": clock, "clock_due": due, "clock_epoch": 1}}
        )
    whole = [ticket.id for ticket in _list(client, order_by=order + direction).tickets]
    paged: list[str] = []
    token = ""
    while True:
        page = _list(client, order_by=order + direction, page_size=3, page_token=token)
        paged += [ticket.id for ticket in page.tickets]
        token = page.next_page_token
        if not token:
            break
    assert paged == whole
    assert sorted(paged) == sorted(made)
    if order == "clock":
        assert whole[:5] == (made[:5] if not direction else made[4::-1])


def test_a_token_is_good_for_its_own_question_only(client: Client) -> None:
    for _ in range(3):
        client.create()
    token = _list(client, page_size=1).next_page_token
    for asked in ({"order_by": "number"}, {"status": ["open"]}):
        request = service_pb2.ListTicketsRequest(page_token=token, page_size=1, **asked)
        assert _refusal(client, "ListTickets", request)[1].keys() == {"page_token"}
    spoilt = service_pb2.ListTicketsRequest(page_token="x" + token[1:])
    assert _refusal(client, "ListTickets", spoilt)[1].keys() == {"page_token"}


def test_a_page_of_very_large_tickets_is_shorter_and_goes_on(client: Client) -> None:
    fields = {f"f{n}": "x" * 4_000 for n in range(100)}
    made = [client.create(fields=fields).id for _ in range(12)]
    first = _list(client)
    rest = _list(client, page_token=first.next_page_token)
    assert 0 < len(first.tickets) < 12
    assert [ticket.id for ticket in [*first.tickets, *rest.tickets]] == made[::-1]


def test_filters_hold_together(client: Client) -> None:
    client.ask("SaveGroup", accounts_pb2.SaveGroupRequest(group=accounts_pb2.Group(name="Money")))
    refund = client.create("Refund please", group="money", tags=["payment/refund"], priority="high")
    client.create(
        "Something else", requester=ticket_pb2.Requester(email="bo@example.org", phone="+442079460000")
    )

    def found(**asked: Any) -> list[str]:
        return [ticket.subject for ticket in _list(client, **asked).tickets]

    assert found(group=["money"]) == ["Refund please"]
    assert found(tag=["payment/*"]) == found(tag=["payment/refund"]) == ["Refund please"]
    assert found(tag=["payment"]) == []
    assert found(priority=["high", "urgent"], status=["new"]) == ["Refund please"]
    assert found(requester="BO@example.org") == found(requester="+442079460000") == ["Something else"]
    assert found(requester=refund.requester.id) == ["Refund please"]
    assert found(text="please refund") == ["Refund please"]
    assert found(text="refund nothing") == []
    assert found(text=f"#{refund.number}") == ["Refund please"]
    assert found(text="bo@example.org") == ["Something else"]
    numbered = ticket_pb2.Ticket(id=refund.id, fields={"order_number": "77-12"})
    client.ask("UpdateTicket", _update(numbered, "fields"))
    assert found(text="77-12") == ["Refund please"]
    assert len(found(unassigned=True)) == 2
    assert found(created_after=datetime(2100, 1, 1, tzinfo=UTC)) == []
    counts = client.ask(
        "CountTickets",
        service_pb2.CountTicketsRequest(
            views=[service_pb2.ListTicketsRequest(group=["money"]), service_pb2.ListTicketsRequest()]
        ),
    ).counts
    assert list(counts) == [1, 2]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"page_size": 201}, "page_size"),
        ({"page_size": -1}, "page_size"),
        ({"order_by": "colour"}, "order_by"),
        ({"status": ["gone"]}, "status"),
        ({"priority": ["very"]}, "priority"),
        ({"page_token": "junk"}, "page_token"),
        ({"page_token": "é"}, "page_token"),
    ],
)
def test_each_wrong_field_of_a_list_is_named(client: Client, asked: dict[str, Any], field: str) -> None:
    code, fields = _refusal(client, "ListTickets", service_pb2.ListTicketsRequest(**asked))
    assert (code, list(fields)) == ("INVALID_ARGUMENT", [field])


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert _refusal(client, "GetTicket", service_pb2.GetTicketRequest(id="x"))[0] == "NOT_FOUND"
    assert _refusal(client, "ListMessages", service_pb2.ListMessagesRequest(ticket_id="x"))[0] == "NOT_FOUND"
    assert _refusal(client, "ListChanges", service_pb2.ListChangesRequest(ticket_id="x"))[0] == "NOT_FOUND"
    assert (
        _refusal(client, "AddMessage", service_pb2.AddMessageRequest(ticket_id="x", text="y"))[0]
        == "NOT_FOUND"
    )


# -------------------------------------------------------------------------------------------------------------- accounts


def test_roles_may_what_the_table_says(client: Client) -> None:
    agent = client.ask(
        "SaveAgent",
        accounts_pb2.SaveAgentRequest(agent=accounts_pb2.Agent(name="Kate", email="kate@demo.example")),
    ).agent
    callers = {"read_only": client.as_role("read_only"), "agent": client.as_role("agent", agent.id)}
    callers["admin"] = client.as_role("admin")
    create = service_pb2.CreateTicketRequest(
        subject="s", text="t", requester=ticket_pb2.Requester(email="ana@example.org")
    )
    may = {
        "ListTickets": service_pb2.ListTicketsRequest(),
        "CreateTicket": create,
        "CreateToken": accounts_pb2.CreateTokenRequest(role="read_only"),
        "CheckToken": accounts_pb2.CheckTokenRequest(token="rd_x_y"),
    }
    table = {
        (role, method): _status(caller, method, request)
        for role, caller in callers.items()
        for method, request in may.items()
    }
    denied = {key for key, status in table.items() if status == "PERMISSION_DENIED"}
    assert denied == {
        ("read_only", "CreateTicket"),
        ("read_only", "CreateToken"),
        ("read_only", "CheckToken"),
        ("agent", "CreateToken"),
        ("agent", "CheckToken"),
        ("admin", "CheckToken"),
    }


def _status(caller: Client, method: str, request: Any) -> str:
    try:
        caller.ask(method, request)
    except grpc.RpcError as refusal:
        return str(refusal.code().name)
    return "OK"


def test_a_token_is_kept_as_a_fingerprint_and_ends_when_revoked(client: Client, desk: TicketsDesk) -> None:
    text = client.token("admin")
    token_id = text.split("_")[1]
    assert text.split("_")[2] not in str(desk.database["tokens"].find_one())
    checked = client.ask("CheckToken", accounts_pb2.CheckTokenRequest(token=text))
    assert (checked.token_id, checked.role) == (token_id, "admin")
    client.ask("RevokeToken", accounts_pb2.RevokeTokenRequest(token_id=token_id))
    assert _refusal(client, "CheckToken", accounts_pb2.CheckTokenRequest(token=text))[0] == "UNAUTHENTICATED"
    (listed,) = client.ask("ListTokens", accounts_pb2.ListTokensRequest()).tokens
    assert listed.HasField("revoked_at")


def test_a_call_without_or_with_a_wrong_token_is_unauthenticated(client: Client, desk: TicketsDesk) -> None:
    stranger = desk.client(client.port, "rd_" + "0" * 32 + "_" + "0" * 64)
    assert _refusal(stranger, "ListTickets", service_pb2.ListTicketsRequest())[0] == "UNAUTHENTICATED"


def test_a_person_signs_in_by_address_and_password(client: Client) -> None:
    agent = accounts_pb2.Agent(name="Kate Stone", email="Kate@Demo.example", groups=[])
    client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent, password="correct horse"))
    signed = client.ask(
        "SignIn", accounts_pb2.SignInRequest(email="kate@demo.EXAMPLE", password="correct horse")
    )
    assert (signed.agent.id, signed.agent.role) == ("kate-stone", "agent")
    for email, password in (
        ("kate@demo.example", "wrong"),
        ("nobody@demo.example", "wrong"),
        ("kate@demo.example", ""),
    ):
        request = accounts_pb2.SignInRequest(email=email, password=password)
        assert _refusal(client, "SignIn", request)[0] == "UNAUTHENTICATED"


def test_an_agent_who_changes_the_name_stays_what_they_are(client: Client) -> None:
    agent = accounts_pb2.Agent(name="Kate", email="kate@demo.example", role="admin", language="pt")
    saved = client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent)).agent
    renamed = accounts_pb2.Agent(id=saved.id, name="Kate Stone", email="kate@demo.example")
    kept = client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=renamed)).agent
    assert (kept.name, kept.role, kept.language) == ("Kate Stone", "admin", "pt")


def test_an_address_belongs_to_one_agent(client: Client) -> None:
    agent = accounts_pb2.Agent(name="Kate", email="kate@demo.example")
    client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=agent))
    twin = accounts_pb2.Agent(name="Catherine", email="KATE@demo.example")
    assert _refusal(client, "SaveAgent", accounts_pb2.SaveAgentRequest(agent=twin))[0] == "ALREADY_EXISTS"


# ---------------------------------------------------------------------------------------------------------------- watch


def _take(
    stream: Iterator[service_pb2.WatchTicketsResponse], count: int
) -> list[service_pb2.WatchTicketsResponse]:
    facts = []
    for answer in stream:
        if answer.WhichOneof("fact") != "heartbeat":
            facts.append(answer)
        if len(facts) == count:
            stream.cancel()  # type: ignore[attr-defined]
            return facts
    raise AssertionError("the stream ended")


def test_a_watch_from_the_first_has_every_fact_without_gap_or_double(
    desk: TicketsDesk, client: Client
) -> None:
    desk.role("work")
    ticket = client.create()
    client.ask("AddMessage", service_pb2.AddMessageRequest(ticket_id=ticket.id, text="Hello"))
    facts = _take(client.watch(0), 2)
    assert [fact.sequence for fact in facts] == [1, 2]
    assert [fact.WhichOneof("fact") for fact in facts] == ["ticket_opened", "message_added"]
    assert facts[1].message_added.message.text == "Hello"


@pytest.mark.slow
def test_a_watch_resumed_under_concurrent_writers_has_no_gap_and_no_double(
    desk: TicketsDesk, client: Client
) -> None:
    desk.role("work")
    desk.role("work")
    other = desk.serve()
    with ThreadPoolExecutor(6) as writers:
        writing = [writers.submit((client if n % 2 else other).create, f"t{n}") for n in range(120)]
        seen: list[service_pb2.WatchTicketsResponse] = []
        while len(seen) < 120:
            watcher = client if len(seen) % 20 else other
            seen += _take(watcher.watch(seen[-1].sequence if seen else 0), 10)
        tickets = {future.result().id for future in writing}
    assert [fact.sequence for fact in seen] == list(range(1, 121))
    assert {fact.ticket_opened.ticket.id for fact in seen} == tickets


def test_a_watch_from_now_says_where_it_begins_and_has_only_what_comes(
    desk: TicketsDesk, client: Client
) -> None:
    desk.role("work")
    client.create("before")
    # As a watch reads them.
    commits = desk.database.get_collection(HISTORY, read_concern=ReadConcern("majority"))
    wait_until(lambda: commits.count_documents({"first_sequence": 1}))
    stream = client.watch(-1)
    first = next(stream)
    assert (first.WhichOneof("fact"), first.sequence) == ("heartbeat", 1)
    client.create("after")
    (fact,) = _take(stream, 1)
    assert (fact.sequence, fact.ticket_opened.ticket.subject) == (2, "after")


def test_a_watch_in_batches_has_the_same_facts_wherever_it_begins(desk: TicketsDesk, client: Client) -> None:
    desk.role("work")
    with ThreadPoolExecutor(8) as writers:
        # Callers at once share a commit, so that most places lie within one.
        list(writers.map(lambda n: client.create(f"t{n}"), range(24)))
    alone = _take(client.watch(0), 24)
    for begin in range(24):
        together: list[service_pb2.WatchTicketsResponse] = []
        for answer in client.watch(begin, batch=True):
            together += answer.batch
            assert answer.WhichOneof("fact") == "heartbeat" or answer.sequence == answer.batch[-1].sequence
            if len(together) >= 24 - begin:
                break
        assert together == alone[begin:]


def test_who_watches_from_the_sequence_misses_nothing_of_what_was_not_read(
    desk: TicketsDesk, client: Client
) -> None:
    desk.role("work")
    assert client.ask("GetSequence", service_pb2.GetSequenceRequest()).sequence == 0
    with ThreadPoolExecutor(4) as writers:
        writing = [writers.submit(client.create, f"t{n}") for n in range(40)]
        place = client.as_role("read_only").ask("GetSequence", service_pb2.GetSequenceRequest()).sequence
        read = {ticket.id for ticket in _list(client, page_size=200).tickets}
        made = {future.result().id for future in writing}
    told = {fact.ticket_opened.ticket.id for fact in _take(client.watch(place), 40 - place)}
    assert read | told == made


def test_a_watch_shows_only_what_it_asks_for(desk: TicketsDesk, client: Client) -> None:
    desk.role("work")
    client.create("other")
    wanted = client.create("wanted")
    (fact,) = _take(client.watch(0, ticket_id=[wanted.id]), 1)
    assert (fact.sequence, fact.ticket_opened.ticket.subject) == (2, "wanted")


def test_a_quiet_watch_says_that_it_lives_and_how_far_it_has_come(desk: TicketsDesk, client: Client) -> None:
    desk.role("work")
    client.create()
    stream = client.watch(0, ticket_id=["another"])
    beats = [next(stream) for _ in range(3)]
    stream.cancel()  # type: ignore[attr-defined]
    assert [beat.sequence for beat in beats[1:]] == [1, 1]


@pytest.mark.slow
def test_a_hundred_watchers_all_get_everything(desk: TicketsDesk, client: Client) -> None:
    desk.role("work")
    with ThreadPoolExecutor(100) as watchers:
        seen = [watchers.submit(_take, client.watch(0), 20) for _ in range(100)]
        for n in range(20):
            client.create(f"t{n}")
        for future in seen:
            assert [fact.sequence for fact in future.result(60)] == list(range(1, 21))
