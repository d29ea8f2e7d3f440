"""`relaydesk channel` against a real ingest."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.apply_channels import DIFFERS
from relaydesk.ingest.v1 import channels_pb2 as pb
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from tests.integration.ingest_desk import IngestDesk, ingest_on
from tests.integration.service_desk import INTERNAL

FILE = """
channels:
  - id: support
    kind: email
    lane: email
    settings: {address: support@demo.example, aliases: [help@demo.example]}
  - id: pulled
    name: Pulled
    kind: email
    lane: email
    settings: {address: pulled@demo.example, imap_host: 127.0.0.1, imap_port: 1}
    secrets: {imap_password_secret: {env: PULLED_PASSWORD}}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def desk(broker_url: str, broker_management_url: str, mongo_url: str, tmp_path: Path) -> Iterator[IngestDesk]:
    with ingest_on(broker_url, broker_management_url, mongo_url, tmp_path) as running:
        yield running


@pytest.fixture
def run(
    desk: IngestDesk,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Applies a file; answers the exit code and what was printed."""
    sockets = desk.serve()
    monkeypatch.setenv("RELAYDESK_TOKEN", INTERNAL)
    monkeypatch.setenv("INGEST_ADDRESS", f"127.0.0.1:{sockets.rpc_port}")
    monkeypatch.setenv("PULLED_PASSWORD", "correct horse")
    path = tmp_path / "channels.yaml"

    def call(content: str, *words: str) -> tuple[int, str]:
        path.write_text(content)
        code = main(["channel", "apply", str(path), *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return call


def test_a_plan_is_applied_once_and_never_shows_a_secret(run: Run, desk: IngestDesk) -> None:
    code, plan = run(FILE, "--dry-run")
    assert code == DIFFERS
    assert "= keep support" in plan
    assert "+ make pulled" in plan
    assert "    settings.imap_password_secret: (nothing) -> encrypted" in plan
    assert "? not in the file, stays as it is: sales" in plan
    assert "plan: 1 to make, 0 to change, 0 to pause, 1 as the file has it" in plan
    assert desk.database["channels"].find_one({"_id": "pulled"}) is None
    code, applied = run(FILE, "--yes")
    assert (code, applied.splitlines()[-1]) == (0, "pulled: made, version 1")
    code, again = run(FILE, "--dry-run")
    assert (code, again.splitlines()[-1]) == (
        0,
        "plan: 0 to make, 0 to change, 0 to pause, 2 as the file has it",
    )
    assert run(FILE)[0] == 0
    assert "correct horse" not in plan + applied + again


def test_drift_is_told_with_who_changed_it(run: Run, desk: IngestDesk) -> None:
    run(FILE, "--yes")
    channels = ChannelsServiceStub(desk.desk.channel(desk.serve().rpc_port))
    other = pb.ApplyChannelRequest(expected_version=1)
    other.channel.id, other.channel.kind, other.channel.lane = "pulled", "email", "email"
    other.channel.settings.update(
        {"address": "pulled@demo.example", "imap_host": "127.0.0.1", "imap_port": "1", "signature": "By hand"}
    )
    channels.ApplyChannel(other)
    code, plan = run(FILE, "--dry-run")
    assert code == DIFFERS
    assert "~ change pulled  (version 2, last changed by system at " in plan
    assert "    settings.signature: By hand -> (nothing)" in plan
    assert "    name: pulled -> Pulled" in plan


def test_a_pause_stays_unless_the_file_says_otherwise(run: Run, desk: IngestDesk) -> None:
    run(FILE, "--yes")
    assert main(["channel", "pause", "pulled"]) == 0
    assert run(FILE, "--dry-run")[0] == 0
    code, plan = run(FILE.replace("    name: Pulled", "    name: Pulled\n    is_paused: false"), "--dry-run")
    assert (code, "    is_paused: true -> false" in plan) == (DIFFERS, True)


def test_nothing_is_written_where_anything_is_wrong(run: Run, desk: IngestDesk) -> None:
    wrong = FILE.replace("aliases:", "alias:").replace("imap_port: 1", "imap_port: many")
    code, said = run(wrong, "--yes")
    assert code == 1
    assert "support: settings.alias: expected one of aliases," in said
    assert "pulled: settings.imap_port: expected a whole number" in said
    assert desk.database["channels"].find_one({"_id": "pulled"}) is None


def test_without_a_yes_nothing_is_applied(
    run: Run, desk: IngestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = run(FILE)
    assert (code, "say --yes to apply" in said) == (1, True)
    monkeypatch.delenv("PULLED_PASSWORD")
    code, said = run(FILE, "--yes")
    assert (code, "the environment has no PULLED_PASSWORD" in said) == (1, True)
    assert desk.database["channels"].find_one({"_id": "pulled"}) is None


def test_the_history_says_who_did_what(
    run: Run, desk: IngestDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    run(FILE, "--yes")
    assert main(["channel", "pause", "pulled"]) == 0
    assert main(["channel", "history", "pulled"]) == 0
    _, newest, *_ = capsys.readouterr().out.splitlines()
    assert newest.split()[0] == "2"
    assert newest.split()[3:] == ["system", "is_paused", "false", "true"]
