"""`relaydesk customer` and `relaydesk organisation` against a real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.__main__ import main
from tests.integration.customers_desk import CustomersDesk
from tests.integration.tickets_desk import INTERNAL, TicketsDesk


@pytest.fixture
def desk(
    vhost: str, mongo_url: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[CustomersDesk]:
    tickets = TicketsDesk(vhost, mongo_url, database_prefix)
    client = tickets.serve()
    token_file = tmp_path / "internal.token"
    token_file.write_text(INTERNAL + "\n")
    monkeypatch.delenv("RELAYDESK_TOKEN", raising=False)
    monkeypatch.setenv("INTERNAL_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("TICKETS_ADDRESS", f"127.0.0.1:{client.port}")
    yield CustomersDesk(tickets, client)
    tickets.stop()


def test_two_are_merged_and_parted_by_what_they_are_known_by(
    desk: CustomersDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    ana = desk.asker(name="Ana", email="ana@example.org")
    work = desk.asker(name="Ana Ribeiro", email="ana@work.example", phone="+442079460000")
    assert main(["customer", "merge", "Ana@example.org", "+44 20 7946 0000", "--try"]) == 0
    tried = capsys.readouterr().out
    assert "ana@work.example" in tried
    assert desk.card(work).id == work
    assert main(["customer", "merge", ana, work]) == 0
    merge_id = capsys.readouterr().out.strip()
    assert [merge.id for merge in desk.card(ana).merges] == [merge_id]
    assert main(["customer", "undo-merge", "ana@work.example"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(work)
    assert desk.card(work).id == work
    assert main(["customer", "undo-merge", work]) == 1
    assert capsys.readouterr().err == "relaydesk: the customer is merged into no other\n"


def test_a_card_is_shown_with_what_happened_to_it(
    desk: CustomersDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    ana = desk.asker(name="Ana", email="ana@example.org")
    assert main(["customer", "note", ana, "Calls on Fridays."]) == 0
    desk.update(ana, name="Ana Ribeiro")
    assert main(["customer", "show", "ana@example.org"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "Ana Ribeiro",
        "ana@example.org",
        "1 tickets",
        "Calls on Fridays.",
        "name: Ana to Ana Ribeiro",
    ):
        assert part in shown


def test_somebody_is_found_by_name_address_phone_and_id(
    desk: CustomersDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    ana = desk.asker(name="Ana Ribeiro", email="ana@example.org", phone="+442079460000", external_id="crm-7")
    for words in (["ana@example.org"], ["+442079460000"], ["ribeiro", "an*"], ["--external-id", "crm-7"]):
        assert main(["customer", "find", *words]) == 0
        assert capsys.readouterr().out.splitlines()[1].startswith(ana), words
    assert main(["customer", "show", "nobody@example.org"]) == 1
    assert capsys.readouterr().err == "relaydesk: nobody is known by nobody@example.org\n"


def test_an_organisation_is_made_of_its_domains(
    desk: CustomersDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["organisation", "add", "Acme Ltd", "--domain", "acme.example", "--own"]) == 0
    assert capsys.readouterr().out == "acme-ltd\n"
    assert main(["organisation", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "acme-ltd",
        "Acme",
        "Ltd",
        "yes",
        "acme.example",
    ]
    assert main(["organisation", "history", "acme-ltd", "--limit", "1"]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "Ltd",
        "acme.example",
        "true",
    ]
    assert main(["organisation", "add", "Mail", "--domain", "gmail.com"]) == 1
    assert "a domain where not anybody gets an address" in capsys.readouterr().err
