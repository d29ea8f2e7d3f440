"""Mail that is fetched from a real IMAP server: each once, whatever dies meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cli.channel import state_of
from relaydesk.ingest.v1 import service_pb2 as pb
from tests.dovecot_node import DovecotNode, dovecot
from tests.integration.fetching_desk import FetchingDesk, fetching_on
from tests.integration.ingest_desk import letter
from tests.integration.test_ingest_deaths import died, role
from tests.own_certificate import certificate
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FetchingDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with fetching_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotNode]:
    with dovecot(certificate(tmp_path_factory.mktemp("certificate"))) as node:
        yield node


@pytest.fixture(autouse=True)
def _fetchers_end(desk: FetchingDesk) -> Iterator[None]:
    yield
    desk.end_fetchers()


def letters(name: str, count: int, size: int = 20) -> list[bytes]:
    return [letter(f"<{name}-{number}@b>", "x" * size) for number in range(count)]


def test_mail_that_was_there_and_mail_that_comes_is_kept_once_and_left_as_it_was(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("calm", server.port)
    server.put(user, *letters("calm", 3))
    desk.fetch()
    desk.await_rows("calm", 3)
    server.put(user, *letters("later", 2))
    keys = [row["key"] for row in desk.await_rows("calm", 5)]
    assert sorted(keys) == sorted(
        [*(f"id:<calm-{n}@b>" for n in range(3)), *(f"id:<later-{n}@b>" for n in range(2))]
    )
    raws = {bytes(row["raw"]) for row in desk.rows("calm")}
    assert raws == {*letters("calm", 3), *letters("later", 2)}
    desk.await_waiting("calm", 0)
    assert all(b"Seen" not in flags for flags in server.flags(user))


def test_kept_mail_is_marked_moved_or_deleted_as_the_mailbox_wants(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    seen = desk.mailbox("seen", server.port, imap_after="seen")
    moved = desk.mailbox("moved", server.port, imap_after="move:Gelesen & fertig – ü")
    deleted = desk.mailbox("deleted", server.port, imap_after="delete")
    for user, name in ((seen, "s"), (moved, "m"), (deleted, "d")):
        server.put(user, *letters(name, 4))
    desk.fetch()
    for name in ("seen", "moved", "deleted"):
        desk.await_rows(name, 4)
    wait_until(lambda: sum(b"Seen" in flags for flags in server.flags(seen)) == 4)
    wait_until(lambda: len(server.flags(moved, '"Gelesen &- fertig &IBM- &APw-"')) == 4)
    wait_until(lambda: not server.flags(moved) and not server.flags(deleted))
    assert len(desk.rows("moved")) == 4


def test_who_dies_between_keeping_and_marking_loses_and_doubles_nothing(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("died", server.port, imap_after="seen")
    server.put(user, *letters("died", 5))
    with role(desk.ingest, "work", "after-intake-before-yes=kill") as process:
        died(process)
    assert len(desk.rows("died")) == 5
    assert all(b"Seen" not in flags for flags in server.flags(user))
    desk.fetch()
    wait_until(lambda: all(b"Seen" in flags for flags in server.flags(user)))
    desk.await_waiting("died", 0)
    assert len(desk.rows("died")) == 5


def test_a_server_that_dies_in_the_middle_is_waited_for(desk: FetchingDesk, server: DovecotNode) -> None:
    user = desk.mailbox("broken", server.port)
    server.put(user, *letters("broken", 60, 200_000))
    desk.fetch()
    desk.await_rows("broken", 5)
    server.kill()
    assert "127.0.0.1" in desk.await_trouble("broken")
    server.start()
    desk.await_rows("broken", 60, timeout=60)
    state = desk.await_waiting("broken", 0)
    assert not state.trouble
    assert len(desk.rows("broken")) == 60


def test_a_folder_under_another_uidvalidity_is_looked_at_again_and_nothing_is_doubled(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("anew", server.port, imap_folder="Support")
    with server.open(user) as client:
        client.create("Support")
    known = letters("anew", 4)
    server.put(user, *known, folder="Support")
    desk.fetch()
    desk.await_rows("anew", 4)
    desk.await_waiting("anew", 0)
    desk.fetchers.pop().stop(timedelta(seconds=5))
    server.recreate(user, [*letters("before", 1), *known], folder="Support")
    desk.fetch()
    desk.await_rows("anew", 5)
    desk.await_waiting("anew", 0)
    assert len(desk.rows("anew")) == 5


def test_two_processes_fetch_one_mailbox_once_and_one_goes_on_where_the_other_ended(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("shared", server.port)
    first, second = desk.fetch(), desk.fetch()
    server.put(user, *letters("shared", 10))
    desk.await_rows("shared", 10)
    holders = [one for one in (first, second) if "shared" in one.held()]
    assert len(holders) == 1
    holders[0].stop(timedelta(seconds=5))
    server.put(user, *letters("more", 5))
    desk.await_rows("shared", 15)
    assert len(desk.rows("shared")) == 15


def test_a_mail_that_is_too_large_is_told_and_does_not_hold_up_the_others(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("large", server.port, size_limit_mb="1", imap_after="delete")
    server.put(user, *letters("one", 1), letter("<huge@b>", "x" * 1_200_000), *letters("two", 1))
    desk.fetch()
    desk.await_rows("large", 2)
    state = desk.await_waiting("large", 1)
    assert state.passed == {"too_large": 1}
    assert len(server.flags(user)) == 1


def test_mails_that_were_too_large_come_once_the_mailbox_takes_them(
    desk: FetchingDesk, server: DovecotNode
) -> None:
    user = desk.mailbox("grown", server.port, size_limit_mb="1")
    server.put(user, *letters("huge", 5, 1_200_000), *letters("beside", 1))
    desk.fetch()
    desk.await_rows("grown", 1)
    desk.await_waiting("grown", 5)
    channel = desk.sockets.rpc.GetChannel(pb.GetChannelRequest(channel_id="grown")).channel
    channel.settings["size_limit_mb"] = "2"
    desk.sockets.rpc.SaveChannel(pb.SaveChannelRequest(channel=channel, expected_version=channel.version))
    desk.await_rows("grown", 6)
    desk.await_waiting("grown", 0)


def test_a_wrong_password_is_told_and_other_mailboxes_go_on(desk: FetchingDesk, server: DovecotNode) -> None:
    desk.mailbox("locked", server.port, imap_password_secret="wrong-password")
    desk.mailbox("secretless", server.port, imap_password_secret="nowhere")
    desk.mailbox("folderless", server.port, imap_folder="Nowhere")
    fine = desk.mailbox("fine", server.port)
    server.put(fine, *letters("fine", 1))
    desk.fetch()
    desk.await_rows("fine", 1)
    desk.await_waiting("fine", 0)
    assert desk.await_trouble("locked").startswith(
        "127.0.0.1 does not let the user locked@fetched.example in:"
    )
    listed = desk.sockets.rpc.ListChannels(pb.ListChannelsRequest()).channels
    states = {channel.id: state_of(channel) for channel in listed}
    assert states["fine"] == "on"
    assert states["locked"].startswith("not fetched: 127.0.0.1 does not let the user")
    assert desk.await_trouble("secretless") == "the secret nowhere is not mounted"
    assert desk.await_trouble("folderless").startswith("127.0.0.1 has no folder Nowhere for us:")


def test_a_person_is_told_whether_the_server_lets_us_in(desk: FetchingDesk, server: DovecotNode) -> None:
    desk.mailbox("asked", server.port)
    desk.mailbox("refused", server.port, imap_password_secret="wrong-password")
    (well,) = desk.sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id="asked")).checks
    assert (well.name, well.is_well) == ("imap", True)
    assert well.text == f"127.0.0.1:{server.port} lets asked@fetched.example read INBOX"
    (wrong,) = desk.sockets.rpc.TestChannel(pb.TestChannelRequest(channel_id="refused")).checks
    assert not wrong.is_well
    assert wrong.text.startswith("127.0.0.1 does not let the user refused@fetched.example in:")


def test_a_certificate_that_nobody_vouches_for_is_refused(desk: FetchingDesk, server: DovecotNode) -> None:
    desk.mailbox("untrusted", server.tls_port, imap_security="tls")
    desk.mailbox("upgraded", server.port, imap_security="starttls")
    desk.fetch()
    for name in ("untrusted", "upgraded"):
        assert desk.await_trouble(name).startswith("the certificate of 127.0.0.1:")
