"""Merging on a real store: at the same moment as an answer, another merge or its undoing; and as other systems meet it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from relaydesk.tickets.v1 import service_pb2, ticket_pb2
from services.tickets.adapters.mongo.requesters import MongoRequesters
from services.tickets.domain.commands import AddMessage, MergeTickets, UnmergeTicket
from services.tickets.domain.merged import IsMerged, MergeRefused
from services.tickets.domain.message import MERGED
from services.tickets.domain.people import AGENT, Actor
from tests.builders import a_message
from tests.integration.tickets_desk import Client, TicketsDesk
from tests.integration.tickets_on_mongo import MongoDesk, store_of_tickets

KATE = Actor(AGENT, "kate", "Kate Stone")
_PATIENCE = 60


@pytest.fixture
def store(mongo_url: str) -> Iterator[MongoDesk]:
    with store_of_tickets(mongo_url) as database:
        yield MongoDesk(database)


@pytest.fixture
def client(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[Client]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    yield desk.serve()
    desk.stop()


def _meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Let it happen once, after the next batch has decided and before it writes."""
    flush = MongoRequesters.flush

    def flushing(self: MongoRequesters) -> None:
        monkeypatch.setattr(MongoRequesters, "flush", flush)
        what()
        flush(self)

    monkeypatch.setattr(MongoRequesters, "flush", flushing)


def _two(store: MongoDesk) -> tuple[str, str]:
    store.run(a_message(message_id="<1@x>"))
    store.run(a_message(message_id="<2@x>"))
    source, target = (ticket.ticket_id for ticket in store.opened())
    return source, target


def _counts(store: MongoDesk, *ticket_ids: str) -> list[int]:
    return [store.tickets.rows[one].message_count for one in ticket_ids]


# ---------------------------------------------------------------------------------------------------------------- races


def test_an_answer_that_was_being_written_to_the_source_as_it_was_merged_lands_in_the_target(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    _meanwhile(monkeypatch, lambda: store.run(MergeTickets(KATE, target, (source,))))
    store.run(a_message(in_reply_to="<1@x>"))
    assert _counts(store, source, target) == [1, 2]


def test_a_merge_that_was_being_decided_as_an_answer_came_brings_the_answer_along(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    _meanwhile(monkeypatch, lambda: store.run(a_message(in_reply_to="<1@x>")))
    store.run(MergeTickets(KATE, target, (source,)))
    assert _counts(store, source, target) == [2, 1]
    rows = store.database["history"].find({"came_along": {"$exists": True}})
    assert len(list(rows)) == 2


def test_an_answer_through_a_target_that_is_merged_at_the_same_moment_lands_at_the_end(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    store.run(a_message(message_id="<3@x>"))
    end = store.opened()[2].ticket_id
    store.run(MergeTickets(KATE, target, (source,)))
    _meanwhile(monkeypatch, lambda: store.run(MergeTickets(KATE, end, (target,))))
    store.run(a_message(in_reply_to="<1@x>"))
    assert _counts(store, source, target, end) == [1, 1, 2]


def test_an_answer_as_the_merge_is_undone_lands_in_the_source(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    store.run(MergeTickets(KATE, target, (source,)))
    _meanwhile(monkeypatch, lambda: store.run(UnmergeTicket(KATE, source)))
    store.run(a_message(in_reply_to="<1@x>"))
    assert _counts(store, source, target) == [2, 1]


def test_of_two_merges_into_each_other_the_second_is_refused(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    _meanwhile(monkeypatch, lambda: store.run(MergeTickets(KATE, source, (target,))))
    with pytest.raises(MergeRefused, match=r"^target_merged: "):
        store.run(MergeTickets(KATE, target, (source,)))
    assert [store.tickets.rows[one].is_merged for one in (source, target)] == [False, True]


def test_an_agents_answer_to_a_ticket_that_is_merged_meanwhile_is_refused_and_does_not_leave(
    store: MongoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = _two(store)
    _meanwhile(monkeypatch, lambda: store.run(MergeTickets(KATE, target, (source,))))
    with pytest.raises(IsMerged):
        store.run(AddMessage(KATE, source, "On its way."))
    assert not [fact for fact in store.added() if fact.reply is not None]


# ------------------------------------------------------------------------------------------------------------- by gRPC


def _merge(client: Client, target: str, *sources: str, **more: Any) -> service_pb2.MergeTicketsResponse:
    request = service_pb2.MergeTicketsRequest(target_id=target, source_ids=sources, **more)
    return client.ask("MergeTickets", request, _PATIENCE)  # type: ignore[no-any-return]


def _ticket(client: Client, ticket_id: str) -> ticket_pb2.Ticket:
    return client.ask("GetTicket", service_pb2.GetTicketRequest(id=ticket_id), _PATIENCE).ticket  # type: ignore[no-any-return]


def _messages(client: Client, ticket_id: str) -> list[ticket_pb2.Message]:
    request = service_pb2.ListMessagesRequest(ticket_id=ticket_id)
    return list(client.ask("ListMessages", request, _PATIENCE).messages)


def test_a_target_lists_what_came_with_its_sources_and_they_keep_it(client: Client) -> None:
    first, second, target = (client.create(text=text) for text in ("one", "two", "three"))
    _merge(client, second.id, first.id)
    answer = _merge(client, target.id, second.id, reason="same parcel")
    assert (list(answer.target.merged_from), answer.sources[0].merged_into) == ([second.id], target.id)
    listed = _messages(client, target.id)
    assert {one.text: (one.ticket_id, list(one.flags)) for one in listed} == {
        "one": (first.id, [MERGED]),
        "two": (second.id, [MERGED]),
        "three": (target.id, []),
    }
    assert [(one.text, list(one.flags)) for one in _messages(client, first.id)] == [("one", [])]
    client.ask("UnmergeTicket", service_pb2.UnmergeTicketRequest(ticket_id=second.id), _PATIENCE)
    assert [one.text for one in _messages(client, target.id)] == ["three"]
    assert (_ticket(client, second.id).status, list(_ticket(client, target.id).merged_from)) == ("new", [])


def test_the_log_of_the_target_tells_who_wrote_what_came_along_also_after_the_undoing(client: Client) -> None:
    source, target = client.create(text="one"), client.create(text="two")
    _merge(client, target.id, source.id)
    client.ask("UnmergeTicket", service_pb2.UnmergeTicketRequest(ticket_id=source.id), _PATIENCE)
    request = service_pb2.ListChangesRequest(ticket_id=target.id)
    log = client.ask("ListChanges", request, _PATIENCE).changes
    assert [(one.version, one.fact) for one in log] == [
        (1, "TicketOpened"),
        (2, "TicketChanged"),
        (2, "MessageAdded"),
        (3, "TicketChanged"),
    ]
    came = log[2].came_along
    assert (came.author.kind, came.text, list(came.flags), came.ticket_id) == (
        "requester",
        "",
        [MERGED],
        target.id,
    )


def test_a_repeat_of_the_key_gets_the_first_answer_and_merges_once(client: Client) -> None:
    source, target = client.create(), client.create()
    first = _merge(client, target.id, source.id, idempotency_key="merge-1")
    assert _merge(client, target.id, source.id, idempotency_key="merge-1") == first
    assert _ticket(client, target.id).version == 2


def test_of_many_who_merge_at_once_one_does_and_all_others_are_refused(client: Client) -> None:
    source = client.create()
    targets = [client.create() for _ in range(6)]

    def merge(target: ticket_pb2.Ticket) -> str:
        try:
            _merge(client, target.id, source.id)
        except grpc.RpcError as refusal:
            return str(refusal.code().name)
        return "done"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(merge, targets))
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "FAILED_PRECONDITION", "ABORTED"}
    taken = [one for one in targets if list(_ticket(client, one.id).merged_from) == [source.id]]
    assert [_ticket(client, source.id).merged_into] == [one.id for one in taken]


def test_a_refusal_names_its_reason_and_a_trial_refuses_alike(client: Client) -> None:
    source = client.create(requester=ticket_pb2.Requester(name="Bo", email="bo@example.org"))
    target = client.create()
    for trial in (True, False):
        with pytest.raises(grpc.RpcError) as refusal:
            _merge(client, target.id, source.id, validate_only=trial)
        assert refusal.value.code().name == "FAILED_PRECONDITION"
        assert str(refusal.value.details()).startswith("other_requester: ")
    would = _merge(client, target.id, source.id, validate_only=True, allow_other_requester=True)
    assert (list(would.joined), _ticket(client, source.id).status) == (["bo@example.org"], "new")


def test_who_may_only_read_merges_nothing(client: Client) -> None:
    source, target = client.create(), client.create()
    with pytest.raises(grpc.RpcError) as refusal:
        _merge(client.as_role("read_only"), target.id, source.id)
    assert refusal.value.code().name == "PERMISSION_DENIED"


def test_merged_tickets_are_found_by_number_and_words_and_are_no_unsolved_work(client: Client) -> None:
    source, target = client.create("Umbrella"), client.create("Boots")
    _merge(client, target.id, source.id)

    def found(**wanted: Any) -> list[str]:
        answer = client.ask("ListTickets", service_pb2.ListTicketsRequest(**wanted), _PATIENCE)
        return [one.id for one in answer.tickets]

    assert found(text="umbrella") == found(text=f"#{source.number}") == found(status=[MERGED]) == [source.id]
    assert found(status=["new", "open", "pending", "on_hold"]) == [target.id]
