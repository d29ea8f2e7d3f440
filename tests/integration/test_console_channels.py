"""The console's channels over a real ingest: what the adapter asks and understands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis import rpc
from chassis.errors import Conflict, InvalidFields, PermissionDenied
from services.console.adapters.calls import Caller
from services.console.adapters.channels import GrpcChannels
from services.console.adapters.ingest import GrpcIngest
from services.console.domain.channels import Draft, is_kept
from tests.integration.accounts_server import accounts_of
from tests.integration.ingest_desk import IngestDesk, ingest_on, letter, send
from tests.integration.service_desk import INTERNAL

MAILBOX = {"address": "pulled@demo.example", "imap_host": "127.0.0.1", "imap_port": "1"}


@pytest.fixture
def desk(broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path) -> Iterator[IngestDesk]:
    with (
        accounts_of() as address,
        ingest_on(broker_url, broker_management_url, mongo_url, tmp_path, tickets_address=address) as running,
    ):
        yield running


def test_a_mailbox_is_connected_paused_tested_and_told_of_through_the_console(desk: IngestDesk) -> None:
    sockets = desk.serve()
    wire = rpc.channel(f"127.0.0.1:{sockets.rpc_port}", INTERNAL)
    channels, ingest = GrpcChannels(wire, Caller("ingest")), GrpcIngest(wire, Caller("ingest"))
    (email,) = [kind for kind in channels.list_kinds() if kind.name == "email"]
    assert {one.name: one.type for one in email.settings}["imap_password_secret"] == "secret"

    draft = Draft("pulled", "Pulled", "email", "email", MAILBOX, secrets={"imap_password_secret": "a b"})
    assert channels.apply(draft, "kate") == 1
    with pytest.raises(Conflict, match="Kate changed the channel pulled"):
        channels.apply(Draft("pulled", "Pulled", "email", "email", MAILBOX, version=7), "kate")
    with pytest.raises(InvalidFields, match=r"channel\.settings\.imap_port"):
        channels.apply(
            Draft("pulled", "Pulled", "email", "email", {**MAILBOX, "imap_port": "x"}, version=1), "kate"
        )
    with pytest.raises(PermissionDenied):
        channels.pause("pulled", 1, "max")
    channels.pause("pulled", 1, "kate")
    (kept,) = [one for one in ingest.list_channels() if one.channel_id == "pulled"]
    assert (kept.is_paused, kept.version, is_kept(kept.settings["imap_password_secret"])) == (True, 2, True)
    channels.resume("pulled", 2, "ada")
    (check,) = channels.test("pulled", "kate")
    assert (check.name, check.is_well) == ("imap", False)
    changes = channels.list_changes("pulled")
    assert [(one.version, one.editor_name) for one in changes] == [(3, "Ada"), (2, "Kate"), (1, "Kate")]

    send(sockets.smtp, letter("<one@client.example>"))
    states = {one.channel_id: one for one in channels.list_states()}
    assert states["support"].last_received_at is not None
    assert (states["api"].is_posted_to, states["support"].is_posted_to) == (True, False)
    assert channels.key("api", "ada") == desk.key
    wire.close()
