"""The `relaydesk` command against a real service and a real broker."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Bus, Outgoing, Publisher
from cli.__main__ import main
from relaydesk.tickets.v1 import service_pb2
from tests.integration.tickets_desk import INTERNAL, Client, TicketsDesk, received


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[TicketsDesk]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    yield desk
    desk.stop()


@pytest.fixture
def client(desk: TicketsDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Client:
    client = desk.serve()
    token_file = tmp_path / "internal.token"
    token_file.write_text(INTERNAL + "\n")
    monkeypatch.delenv("RELAYDESK_TOKEN", raising=False)
    monkeypatch.setenv("INTERNAL_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("TICKETS_ADDRESS", f"127.0.0.1:{client.port}")
    monkeypatch.setenv("BROKER_URL", desk.settings.broker_url)
    return client


def test_token_create_prints_nothing_but_a_token_that_works(
    client: Client, desk: TicketsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "create", "--role", "admin", "--name", "shop"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    desk.client(client.port, line).ask("ListTickets", service_pb2.ListTicketsRequest())


def test_a_made_token_can_ask_in_its_own_name(
    client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAYDESK_TOKEN", client.token("read_only"))
    assert main(["ticket", "list"]) == 0
    assert main(["group", "add", "Money"]) == 1
    assert "is not open to the role 'read_only'" in capsys.readouterr().err


def test_a_revoked_token_is_listed_with_its_end(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    token_id = client.token("admin").split("_")[1]
    assert main(["token", "revoke", token_id]) == 0
    assert main(["token", "list"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "ROLE", "NAME", "AGENT", "CREATED", "REVOKED"]
    assert row.startswith(token_id)
    assert row.count("Z") == 2


def test_groups_and_agents_are_added_by_name(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["group", "add", "Money matters"]) == 0
    assert main(["agent", "add", "Kate Stone", "kate@demo.example", "--group", "money-matters"]) == 0
    assert capsys.readouterr().out.split() == ["money-matters", "kate-stone"]
    assert main(["agent", "add", "Bo", "bo@demo.example", "--group", "nowhere"]) == 1
    assert capsys.readouterr().err == "relaydesk: agent.groups: expected ids of groups, got 'nowhere'\n"


def test_a_ticket_is_listed_and_shown(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ticket = client.create("Where is my order?")
    assert main(["ticket", "list", "--status", "new"]) == 0
    assert str(ticket.number) in capsys.readouterr().out
    assert main(["ticket", "show", f"#{ticket.number}"]) == 0
    shown = capsys.readouterr().out
    assert "Where is it?" in shown
    assert "TicketOpened" in shown
    assert main(["ticket", "show", "999999"]) == 1
    assert capsys.readouterr().err == "relaydesk: no ticket 999999\n"


def test_a_service_that_is_away_is_one_line(
    client: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_ADDRESS", "127.0.0.1:1")
    assert main(["ticket", "list"]) == 1
    assert capsys.readouterr().err == "relaydesk: 127.0.0.1:1 is away\n"


def test_peek_shows_a_queue_as_text_and_takes_nothing(
    client: Client, desk: TicketsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.publish(received("1" * 32))
    for _ in range(2):
        assert main(["peek", "tickets.email"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["type"] == "relaydesk.ingest.v1.MessageReceived"
        assert shown["body"]["subject"] == "Parcel"
    assert main(["peek", "tickets.dead"]) == 0
    assert capsys.readouterr().out == "tickets.dead is empty\n"
    assert main(["peek", "nowhere"]) == 1
    assert capsys.readouterr().err == "relaydesk: there is no queue nowhere\n"


def test_dead_letters_are_listed_and_sent_back_to_the_queue_they_came_from(
    client: Client, desk: TicketsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    letter(desk, "gone-wrong", queue="tickets.email", reason="ValueError: no such group")
    assert main(["dead", "list", "tickets"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("gone-wrong", "MessageReceived", "tickets.email", "no such group"))
    assert main(["dead", "retry", "tickets"]) == 0
    assert capsys.readouterr().out == "1 of 1 are handled again\n"
    assert main(["dead", "list", "tickets"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["peek", "tickets.email"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["event_id"] == "gone-wrong"
    # All tries are before it.
    assert not {"attempt", "reason", "queue"} & set(again["headers"])


def test_a_dead_letter_whose_queue_is_gone_stays_and_holds_nobody_back(
    client: Client, desk: TicketsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    for event_id, queue in (("lost", "tickets.telex"), ("homeless", ""), ("good", "tickets.email")):
        letter(desk, event_id, queue=queue)
    assert main(["dead", "retry", "tickets"]) == 1
    told = capsys.readouterr()
    assert told.out == "1 of 3 are handled again\n"
    assert told.err.startswith("relaydesk: 2 stay in tickets.dead")
    main(["dead", "list", "tickets"])
    left = capsys.readouterr().out
    assert "lost" in left
    assert "homeless" in left
    assert "good" not in left


def test_no_more_dead_letters_are_sent_back_than_asked_for(
    client: Client, desk: TicketsDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        letter(desk, f"letter-{number}", queue="tickets.email")
    assert main(["dead", "retry", "tickets", "--limit", "2"]) == 0
    assert capsys.readouterr().out == "2 of 2 are handled again\n"
    main(["dead", "list", "tickets"])
    assert "letter-2" in capsys.readouterr().out
    assert main(["dead", "list", "nobody"]) == 1
    assert capsys.readouterr().err == "relaydesk: there is no queue nobody.dead\n"


def letter(desk: TicketsDesk, event_id: str, *, queue: str, reason: str = "") -> None:
    """A fact that the listener gave up on."""
    body = Bundle(
        events=[Envelope(event_id=event_id, type="relaydesk.ingest.v1.MessageReceived", lane="email")]
    )
    headers = {"attempt": 4, "queue": queue, "reason": reason, "lane": "email"}
    publisher = Publisher(Bus(desk.settings.broker_url, desk.settings.exchange))
    publisher.publish(
        [Outgoing("", "tickets.dead", body.SerializeToString(), body.events[0].type, event_id, headers)]
    )
    publisher.close()


def test_tickets_are_merged_tried_before_and_made_several_again(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = client.create(), client.create()
    into = ["ticket", "merge", f"#{source.number}", "--into", str(target.number)]
    assert main([*into, "--try"]) == 0
    assert main([*into, "--reason", "asked twice"]) == 0
    assert main(into) == 1
    assert main(["ticket", "unmerge", str(source.number)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"#{source.number} would be part of #{target.number}",
        f"#{source.number} is part of #{target.number}",
        f"#{source.number} is new, and no part of #{target.number}",
    ]
    assert "already_merged: " in said.err
