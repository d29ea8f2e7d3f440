"""Channels on real nodes: made, changed, paused, told of; with tickets' accounts played by the test."""

import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from chassis import rpc
from chassis.errors import Conflict, InvalidFields, PermissionDenied
from relaydesk.ingest.v1 import channels_pb2 as pb
from relaydesk.ingest.v1 import service_pb2
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from tests.integration.accounts_server import accounts_of
from tests.integration.ingest_desk import MAILBOX, IngestDesk, Sockets, ingest_on, letter, post_body, send
from tests.integration.service_desk import INTERNAL
from tests.waiting import wait_until

PULLED = {"address": "pulled@demo.example", "imap_host": "127.0.0.1", "imap_port": "1"}


@pytest.fixture(scope="module")
def accounts() -> Iterator[str]:
    with accounts_of() as address:
        yield address


@pytest.fixture(scope="module")
def desk(
    broker_url: str,
    broker_management_url: str,
    mongo_url: str,
    accounts: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[IngestDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with ingest_on(broker_url, broker_management_url, mongo_url, folder, tickets_address=accounts) as running:
        yield running


Ask = Callable[..., Any]
_OF_INGEST = ("TestChannelRequest", "GetChannelRequest", "SaveChannelRequest", "ListChannelsRequest")


@pytest.fixture(scope="module")
def sockets(desk: IngestDesk) -> Sockets:
    return desk.serve()


@pytest.fixture
def ask(sockets: Sockets) -> Iterator[Ask]:
    """Calls a method of ChannelsService (or IngestService) as somebody; `acting` through one of our own services."""
    address = f"127.0.0.1:{sockets.rpc_port}"
    opened: list[grpc.Channel] = []

    def call(who: str, method: str, request: Any, acting: str = "") -> Any:
        channel = rpc.channel(address, who)
        opened.append(channel)
        stub = IngestServiceStub if type(request).__name__ in _OF_INGEST else ChannelsServiceStub
        metadata = (("x-acting-agent", acting),) if acting else ()
        return getattr(stub(channel), method)(request, metadata=metadata, timeout=60)

    yield call
    for channel in opened:
        channel.close()


def wanted(channel_id: str, **settings: str) -> service_pb2.Channel:
    return service_pb2.Channel(
        id=channel_id, name=channel_id, kind="email", lane="email", settings={**PULLED, **settings}
    )


def apply(
    ask: Ask, who: str, channel: service_pb2.Channel, version: int = 0, acting: str = "", **more: Any
) -> Any:
    request = pb.ApplyChannelRequest(channel=channel, expected_version=version, **more)
    return ask(who, "ApplyChannel", request, acting)


def changes(ask: Ask, channel_id: str) -> list[tuple[int, str, list[tuple[str, str, str]]]]:
    request = pb.ListChannelChangesRequest(channel_id=channel_id)
    return [
        (one.version, one.editor.name, [(step.field, step.old_value, step.new_value) for step in one.steps])
        for one in ask("max", "ListChannelChanges", request).changes
    ]


def test_a_mailbox_is_connected_by_an_agent_with_the_right_and_its_password_is_nowhere_to_be_read(
    ask: Ask, desk: IngestDesk
) -> None:
    secrets = {"imap_password_secret": "correct horse"}
    made = apply(ask, "kate", wanted("pulled"), secrets=secrets).channel
    assert made.settings["imap_password_secret"] == "sealed:imap_password_secret"
    kept = desk.database["channels"].find_one({"_id": "pulled"})
    told = ask("ada", "GetChannel", service_pb2.GetChannelRequest(channel_id="pulled"))
    assert b"correct horse" not in repr((kept, made, told, changes(ask, "pulled"))).encode()
    # The server that is named is not there; that it is asked at all says that the password could be opened.
    test = ask("kate", "TestChannel", service_pb2.TestChannelRequest(channel_id="pulled"))
    assert [(one.name, one.is_well) for one in test.checks] == [("imap", False)]
    assert "secret" not in test.checks[0].text


def test_who_has_no_right_changes_and_tests_nothing(ask: Ask) -> None:
    for who, acting in (("max", ""), (INTERNAL, "max"), (INTERNAL, "nobody")):
        with pytest.raises(PermissionDenied):
            apply(ask, who, wanted("forbidden"), acting=acting)
        with pytest.raises(PermissionDenied):
            ask(who, "PauseChannel", pb.PauseChannelRequest(channel_id="support"), acting)
        with pytest.raises(PermissionDenied):
            ask(who, "TestChannel", service_pb2.TestChannelRequest(channel_id="support"), acting)
    assert ask("max", "ListKinds", pb.ListKindsRequest()).kinds


def test_every_change_says_who_made_it_of_what(ask: Ask) -> None:
    secrets = {"imap_password_secret": "one"}
    apply(ask, "ada", wanted("told", address="told@demo.example"), secrets=secrets)
    again = wanted("told", address="told@demo.example", signature="Yours")
    apply(ask, INTERNAL, again, 1, acting="kate", secrets={"imap_password_secret": "two"})
    assert changes(ask, "told")[0] == (
        2,
        "Kate",
        [
            ("settings.imap_password_secret", "encrypted", "changed"),
            ("settings.signature", "", "Yours"),
        ],
    )
    assert [(version, who) for version, who, _ in changes(ask, "told")] == [(2, "Kate"), (1, "Ada")]
    request = pb.ListChannelChangesRequest(channel_id="told", page_size=1)
    first = ask("max", "ListChannelChanges", request)
    request.page_token = first.next_page_token
    second = ask("max", "ListChannelChanges", request)
    assert ([one.version for one in second.changes], second.next_page_token) == ([1], "")


def test_of_two_who_change_a_channel_at_once_the_second_is_told_of_the_first(ask: Ask) -> None:
    apply(ask, "ada", wanted("raced", address="raced@demo.example", imap_host=""))
    apply(ask, "kate", wanted("raced", address="raced@demo.example", imap_host="", signature="A"), 1)
    with pytest.raises(Conflict, match=r"Kate changed the channel raced at .* you saw version 1"):
        apply(ask, "ada", wanted("raced", address="raced@demo.example", imap_host="", signature="B"), 1)


def test_what_only_is_checked_is_not_kept(ask: Ask, desk: IngestDesk) -> None:
    would = apply(ask, "ada", wanted("maybe", address="maybe@demo.example", imap_host=""), validate_only=True)
    assert would.steps
    assert desk.database["channels"].find_one({"_id": "maybe"}) is None
    assert desk.database["channel_changes"].find_one({"channel_id": "maybe"}) is None


@pytest.mark.parametrize(
    ("settings", "field", "expected"),
    [
        ({"imap_prot": "993"}, "imap_prot", "one of imap_port"),
        ({"imap_port": "many"}, "imap_port", "a whole number"),
        ({"imap_port": "70000"}, "imap_port", "at most 65535"),
        ({"imap_security": "ssl"}, "imap_security", "one of tls, starttls, none"),
        ({"imap_password_secret": ""}, "imap_password_secret", "a secret's name"),
        ({"imap_folder": "INBOX\r\nA1 LOGOUT"}, "imap_folder", "one line without control characters"),
        ({"smtp_host": "h" * 100_001}, "smtp_host", "at most 100000 characters"),
        ({"address": MAILBOX}, "address", "an address that the channel support does not have"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_named_with_what_can(
    ask: Ask, settings: dict[str, str], field: str, expected: str
) -> None:
    fetched = {"imap_password_secret": "mounted", **settings}
    with pytest.raises(InvalidFields) as refused:
        apply(ask, "ada", wanted("wrong", **fetched))
    (mistake,) = [one for one in refused.value.fields if one.field == f"channel.settings.{field}"]
    assert mistake.expected.startswith(expected)


def test_a_draft_is_tried_without_being_kept_and_its_password_goes_to_no_other_server(
    ask: Ask, desk: IngestDesk
) -> None:
    draft = pb.TestDraftRequest(channel=wanted("drafted", address="drafted@demo.example"))
    draft.secrets["imap_password_secret"] = "correct horse"
    (check,) = ask("kate", "TestDraft", draft).checks
    assert (check.name, check.is_well) == ("imap", False)
    assert desk.database["channels"].find_one({"_id": "drafted"}) is None
    apply(ask, "kate", draft.channel, secrets=draft.secrets)
    moved = pb.TestDraftRequest(channel=draft.channel, expected_version=1)
    moved.channel.settings["imap_port"] = "2"
    with pytest.raises(InvalidFields, match="once more"):
        ask("kate", "TestDraft", moved)
    with pytest.raises(PermissionDenied):
        ask("max", "TestDraft", draft)


def test_the_kinds_say_what_can_be_set(ask: Ask) -> None:
    kinds = {kind.name: kind for kind in ask("max", "ListKinds", pb.ListKindsRequest()).kinds}
    fields = {field.name: field for field in kinds["email"].settings}
    assert (fields["address"].is_required, fields["address"].example) == (True, "support@example.com")
    assert (fields["imap_port"].type, fields["imap_port"].default_value, fields["imap_port"].most) == (
        "number",
        "993",
        65535,
    )
    assert list(fields["imap_security"].choices) == ["tls", "starttls", "none"]
    assert {name: fields[name].type for name in ("aliases", "imap_password_secret", "signature")} == {
        "aliases": "list",
        "imap_password_secret": "secret",
        "signature": "text",
    }


def test_a_paused_mailbox_asks_its_senders_to_come_back_and_is_told_as_it_is(
    ask: Ask, sockets: Sockets
) -> None:
    send(sockets.smtp, letter("<before@client.example>"))
    ask("kate", "PauseChannel", pb.PauseChannelRequest(channel_id="support"))
    try:
        wait_until(lambda: _answer(sockets.smtp) == 451)
    finally:
        ask("kate", "ResumeChannel", pb.ResumeChannelRequest(channel_id="support"))
    wait_until(lambda: _answer(sockets.smtp) == 250)
    request = pb.ListChannelStatesRequest(channel_id="support")
    (state,) = ask("max", "ListChannelStates", request).states
    assert state.HasField("last_received_at")
    assert (state.HasField("last_sent_at"), state.waiting_to_leave, list(state.troubles)) == (False, 0, [])


def _answer(port: int) -> int:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo()
        client.mail("anna@client.example")
        return client.rcpt(MAILBOX)[0]


def test_what_is_wrong_with_a_channel_is_told_in_words(ask: Ask, desk: IngestDesk) -> None:
    apply(ask, "ada", wanted("broken", address="broken@demo.example", imap_host=""))
    desk.database["channels"].update_one(
        {"_id": "broken"}, {"$set": {"settings.gone": "1"}, "$inc": {"version": 1}}
    )
    (state,) = ask("max", "ListChannelStates", pb.ListChannelStatesRequest(channel_id="broken")).states
    assert [(one.kind, one.text) for one in state.troubles] == [
        ("settings", "the settings of broken are not valid any more")
    ]


def test_a_channel_of_a_later_release_asks_who_posts_to_it_to_come_again(
    desk: IngestDesk, sockets: Sockets
) -> None:
    rows = desk.database["channels"]
    made = rows.find_one({"_id": "api"})
    assert made is not None
    rows.insert_one({**made, "_id": "later", "settings": {"of_a_later_release": "yes"}})
    answer = desk.post(sockets, post_body(), channel="later")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    rows.update_one({"_id": "later"}, {"$set": {"settings": {}}, "$inc": {"version": 1}})
    wait_until(lambda: desk.post(sockets, post_body(), channel="later").status_code == 202)


def test_a_password_of_another_instance_key_is_told_and_can_be_given_again(
    ask: Ask, desk: IngestDesk
) -> None:
    moved = wanted("moved", address="moved@demo.example")
    apply(ask, "kate", moved, secrets={"imap_password_secret": "one"})
    desk.database["channels"].update_one(
        {"_id": "moved"}, {"$set": {"sealed.imap_password_secret": b"of another key"}}
    )
    request = service_pb2.TestChannelRequest(channel_id="moved")
    (check,) = ask("kate", "TestChannel", request).checks
    assert check.text.endswith("as the instance has another key now: give it again")
    again = apply(ask, "kate", moved, 1, secrets={"imap_password_secret": "one"})
    assert [(step.old_value, step.new_value) for step in again.steps] == [("encrypted", "changed")]
    (check,) = ask("kate", "TestChannel", request).checks
    assert "key" not in check.text
