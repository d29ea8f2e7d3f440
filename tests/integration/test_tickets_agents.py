"""Who may do what: given, taken, ended, and kept with who did it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from relaydesk.tickets.v1 import accounts_pb2, service_pb2, ticket_pb2
from tests.integration.tickets_desk import Client, TicketsDesk


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[TicketsDesk]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    yield desk
    desk.stop()


@pytest.fixture
def client(desk: TicketsDesk) -> Client:
    return desk.serve()


def _saved(client: Client, name: str, role: str = "agent", password: str = "") -> accounts_pb2.Agent:
    wanted = accounts_pb2.Agent(name=name, email=f"{name.lower()}@demo.example", role=role)
    request = accounts_pb2.SaveAgentRequest(agent=wanted, password=password)
    return client.ask("SaveAgent", request).agent  # type: ignore[no-any-return]


def _change(client: Client, agent_id: str, **what: Any) -> accounts_pb2.Agent:
    request = accounts_pb2.ChangeAgentRequest(agent_id=agent_id, **what)
    return client.ask("ChangeAgent", request).agent  # type: ignore[no-any-return]


def _changes(client: Client, agent_id: str = "", **page: Any) -> accounts_pb2.ListAgentChangesResponse:
    request = accounts_pb2.ListAgentChangesRequest(agent_id=agent_id, **page)
    return client.ask("ListAgentChanges", request)  # type: ignore[no-any-return]


def _refused(client: Client, method: str, request: Any) -> str:
    with pytest.raises(grpc.RpcError) as refusal:
        client.ask(method, request)
    return str(refusal.value.code().name)


def _behind_the_console(desk: TicketsDesk, client: Client, agent_id: str) -> Client:
    return desk.client(client.port, **{"x-acting-agent": agent_id})


def test_a_right_that_is_given_and_taken_is_kept_with_who_did_it(client: Client, desk: TicketsDesk) -> None:
    boss, olga = _saved(client, "Kate", "admin"), _saved(client, "Olga")
    console = _behind_the_console(desk, client, boss.id)
    assert list(_change(console, olga.id, added_rights=["channels"]).rights) == ["channels"]
    assert list(_change(console, olga.id, removed_rights=["channels"], role="read_only").rights) == []
    newest, given, made = _changes(client, olga.id).changes
    assert (newest.actor.kind, newest.actor.id, newest.actor.name) == ("agent", boss.id, "Kate")
    assert [(one.field, one.old, one.new) for one in newest.changes] == [
        ("role", "agent", "read_only"),
        ("rights", "channels", ""),
    ]
    assert [(one.field, one.old, one.new) for one in given.changes] == [("rights", "", "channels")]
    assert (made.actor.kind, [one.field for one in made.changes]) == (
        "system",
        ["name", "email", "role", "language"],
    )
    assert newest.changed_at.ToMilliseconds() >= given.changed_at.ToMilliseconds() > 0


def test_what_changes_nothing_leaves_no_line_and_a_password_only_that_it_was_set(client: Client) -> None:
    olga = _saved(client, "Olga")
    _saved_again = accounts_pb2.Agent(id=olga.id, name="Olga", email="olga@demo.example")
    client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=_saved_again))
    _change(client, olga.id, role="agent", removed_rights=["channels"])
    assert len(_changes(client, olga.id).changes) == 1
    client.ask("SaveAgent", accounts_pb2.SaveAgentRequest(agent=_saved_again, password="a secret word"))
    newest = _changes(client, olga.id).changes[0]
    assert "a secret word" not in str(newest)
    assert [(one.field, one.new) for one in newest.changes] == [("password", "set")]


def test_whoever_has_left_signs_in_no_more_and_gets_no_ticket_and_their_token_is_refused(
    client: Client, desk: TicketsDesk
) -> None:
    olga = _saved(client, "Olga", password="a long password")
    made = accounts_pb2.CreateTokenRequest(role="agent", agent_id=olga.id)
    token = client.ask("CreateToken", made).token
    ticket = client.create()
    sign_in = accounts_pb2.SignInRequest(email="olga@demo.example", password="a long password")
    assert client.ask("SignIn", sign_in).agent.id == olga.id
    assert _change(client, olga.id, is_deactivated=True).is_deactivated
    assert _refused(client, "SignIn", sign_in) == "UNAUTHENTICATED"
    check = accounts_pb2.CheckTokenRequest(token=token)
    assert _refused(client, "CheckToken", check) == "UNAUTHENTICATED"
    assign = service_pb2.UpdateTicketRequest(ticket=ticket_pb2.Ticket(id=ticket.id, agent=olga.id))
    assign.update_mask.paths.append("agent")
    assert _refused(client, "UpdateTicket", assign) == "INVALID_ARGUMENT"
    # What they are called is still known, and they may come back.
    (listed,) = client.ask("ListAgents", accounts_pb2.ListAgentsRequest()).agents
    assert (listed.name, listed.is_deactivated) == ("Olga", True)
    assert not _change(client, olga.id, is_deactivated=False).is_deactivated
    assert client.ask("SignIn", sign_in).agent.id == olga.id
    assert client.ask("CheckToken", check).agent_id == olga.id


def test_nobody_takes_their_own_administration_away(client: Client, desk: TicketsDesk) -> None:
    boss = _saved(client, "Kate", "admin")
    console = _behind_the_console(desk, client, boss.id)
    for what in ({"role": "agent"}, {"is_deactivated": True}):
        request = accounts_pb2.ChangeAgentRequest(agent_id=boss.id, **what)
        assert _refused(console, "ChangeAgent", request) == "FAILED_PRECONDITION"
    lesser = accounts_pb2.Agent(id=boss.id, name="Kate", email="kate@demo.example", role="agent")
    saving = accounts_pb2.SaveAgentRequest(agent=lesser)
    assert _refused(console, "SaveAgent", saving) == "FAILED_PRECONDITION"
    assert list(_change(console, boss.id, added_rights=["channels"]).rights) == ["channels"]


@pytest.mark.parametrize("method", ["ChangeAgent", "SaveAgent"])
def test_only_an_administrator_behind_the_console_changes_agents(
    client: Client, desk: TicketsDesk, method: str
) -> None:
    olga, gone = _saved(client, "Olga"), _saved(client, "Max", "admin")
    _change(client, gone.id, is_deactivated=True)
    agent = accounts_pb2.Agent(id=olga.id, name="Olga", email="olga@demo.example", role="admin")
    request = {
        "ChangeAgent": accounts_pb2.ChangeAgentRequest(agent_id=olga.id, role="admin"),
        "SaveAgent": accounts_pb2.SaveAgentRequest(agent=agent),
    }[method]
    for agent_id in (olga.id, gone.id, "nobody"):
        assert _refused(_behind_the_console(desk, client, agent_id), method, request) == "PERMISSION_DENIED"
    assert _refused(client.as_role("agent", olga.id), method, request) == "PERMISSION_DENIED"


def test_the_log_is_read_page_by_page(client: Client) -> None:
    olga, max_ = _saved(client, "Olga"), _saved(client, "Max")
    for _ in range(3):
        _change(client, olga.id, added_rights=["channels"])
        _change(client, olga.id, removed_rights=["channels"])
    first = _changes(client, page_size=5)
    rest = _changes(client, page_size=5, page_token=first.next_page_token)
    assert [one.version for one in (*first.changes, *rest.changes) if one.agent_id == olga.id] == [
        *range(7, 0, -1)
    ]
    assert (len(rest.changes), rest.next_page_token) == (3, "")
    assert [one.version for one in _changes(client, max_.id).changes] == [1]
    too_many = accounts_pb2.ListAgentChangesRequest(page_size=201)
    assert _refused(client, "ListAgentChanges", too_many) == "INVALID_ARGUMENT"


def test_of_changes_at_the_same_time_none_is_lost(client: Client) -> None:
    olga = _saved(client, "Olga")

    def give_or_end(number: int) -> None:
        what = ({"added_rights": ["channels"]}, {"role": "read_only"}, {"is_deactivated": True})[number % 3]
        _change(client, olga.id, **what)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(give_or_end, range(3)))
    (kept,) = client.ask("ListAgents", accounts_pb2.ListAgentsRequest()).agents
    assert (kept.role, list(kept.rights), kept.is_deactivated) == ("read_only", ["channels"], True)
    assert [one.version for one in _changes(client, olga.id).changes] == [4, 3, 2, 1]


def test_an_agent_from_before_changes_were_kept_is_changed_like_any_other(
    client: Client, desk: TicketsDesk
) -> None:
    old = {"_id": "old", "name": "Old", "email": "old@demo.example", "role": "agent", "groups": []}
    desk.database["agents"].insert_one(old)
    assert list(_change(client, "old", added_rights=["channels"]).rights) == ["channels"]
    assert [one.version for one in _changes(client, "old").changes] == [1]
    assert _change(client, "old", role="admin").role == "admin"
