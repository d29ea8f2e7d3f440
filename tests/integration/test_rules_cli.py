"""`relaydesk rules` against a real rules service."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.rpc import RpcServer
from cli.__main__ import main
from cli.apply_channels import DIFFERS
from services.rules import __main__ as rules_main
from services.rules.config import Settings
from tests.fakes.tickets_rpc import FakeTickets
from tests.integration.service_desk import INTERNAL, ServiceDesk, common

FILE = """
rules:
- id: payments
  when: ticket_opened
  if: {subject: {contains_any: [refund, invoice]}}
  then:
  - set_group: {group: payments}
  stop: true
- id: late
  until: 2030-01-01T00:00:00Z
  when: ticket_opened
  if: {subject: {contains: refund}}
  then:
  - add_tag: {tag: late}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    vhost: str,
    mongo_url: str,
    database_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Runs `relaydesk rules`; a word that has lines in it stands for a file of that content."""
    outside = FakeTickets()
    settings = Settings(**common(vhost, mongo_url, database_prefix), tickets_address=outside.address)
    desk = ServiceDesk(rules_main, "rules", settings)
    (server,) = (part for part in desk.role("serve") if isinstance(part, RpcServer))
    monkeypatch.setenv("RELAYDESK_TOKEN", INTERNAL)
    monkeypatch.setenv("RULES_ADDRESS", f"127.0.0.1:{server.port}")

    def call(*words: str) -> tuple[int, str]:
        path = tmp_path / "rules.yaml"
        for content in words:
            if "\n" in content:
                path.write_text(content)
        code = main(["rules", *(str(path) if "\n" in word else word for word in words)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    yield call
    desk.stop()
    outside.stop()


def test_a_file_is_planned_applied_and_exported(run: Run) -> None:
    code, plan = run("apply", FILE, "--dry-run")
    assert code == DIFFERS
    assert "+ make payments" in plan
    assert "! late: rule.condition: shadowed (payments)" in plan
    assert "plan: 2 to make, 0 to change, 0 to delete, 0 as the file has it" in plan
    assert run("export")[1].strip() == "rules: []"
    code, done = run("apply", FILE, "--yes")
    assert (code, done.splitlines()[-2:]) == (0, ["payments: made, version 1", "late: made, version 1"])
    code, again = run("apply", FILE, "--yes")
    assert code == 0
    assert "plan: 0 to make, 0 to change, 0 to delete, 2 as the file has it" in again
    exported = run("export")[1]
    assert run("apply", exported, "--dry-run")[0] == 0


def test_a_change_is_shown_field_by_field_and_can_be_taken_back(run: Run) -> None:
    run("apply", FILE, "--yes")
    changed = FILE.replace("group: payments", "group: money").replace("stop: true", "stop: false")
    code, plan = run("apply", changed, "--dry-run")
    assert code == DIFFERS
    assert "~ change payments  (version 1, saved by internal at " in plan
    assert "    then: [{set_group: {group: payments}}] -> [{set_group: {group: money}}]" in plan
    assert "    stop: true -> false" in plan
    run("apply", changed, "--yes")
    code, done = run("rollback", "payments", "1")
    assert (code, done.strip()) == (0, "payments: version 3 is as version 1 was")
    assert run("apply", FILE, "--dry-run")[0] == 0
    rows = run("versions", "payments")[1].splitlines()
    assert [row.split()[0] for row in rows] == ["VERSION", "3", "2", "1"]
    assert "internal" in rows[1]


def test_rules_that_the_file_does_not_name_go_only_where_it_is_asked_for(run: Run) -> None:
    run("apply", FILE, "--yes")
    payments = FILE[: FILE.index("- id: late")]
    assert "? not in the file, stays as it is: late" in run("apply", payments, "--yes")[1]
    code, done = run("apply", payments, "--yes", "--delete")
    assert (code, done.splitlines()[-1]) == (0, "late: deleted")
    assert " by internal" in run("versions", "late")[1].splitlines()[1]
    assert run("rollback", "late", "1")[0] == 0
    assert "late" in run("list")[1]


def test_nothing_is_written_where_anything_is_wrong(run: Run) -> None:
    wrong = FILE.replace("subject: {contains: refund}", "colour: {is: red}")
    code, said = run("apply", wrong, "--yes")
    assert code == 1
    assert "late: condition.test.field: expected a known field, not 'colour'" in said
    assert run("export")[1].strip() == "rules: []"


TESTS = (
    FILE
    + """
tests:
- name: a refund is money's and nobody else's
  when: [ticket_opened, requester_wrote]
  given: {subject: My refund, tags: [vip], sender: ana@example.org}
  expect: {group: payments, rules: [payments], tags: [vip], status: new}
- name: what is over is over
  when: ticket_opened
  at: 2031-01-01T00:00:00Z
  given: {subject: hello refund}
  expect: {rules: [payments], writes: []}
- name: other things
  when: ticket_opened
  given: {subject: Hello}
  expect: {rules: [], group: ''}
"""
)


def test_a_file_tries_its_rules_on_events_of_its_own(run: Run) -> None:
    code, said = run("test", TESTS)
    assert (code, said.splitlines()) == (
        0,
        [
            "ok  a refund is money's and nobody else's",
            "ok  what is over is over",
            "ok  other things",
            "3 of 3 hold",
        ],
    )
    assert run("export")[1].strip() == "rules: []"
    code, said = run("test", TESTS.replace("stop: true", "stop: false").replace("at: 2031", "at: 2026"))
    assert code == 1
    assert "FAILED  what is over is over\n    rules: expected payments, got payments, late" in said
    assert "    tags: expected vip, got late, vip" in said
    assert said.splitlines()[-1] == "1 of 3 hold"


def test_a_test_that_cannot_be_tried_is_named(run: Run) -> None:
    code, said = run("test", TESTS.replace("sender: ana", "colour: ana"))
    assert code == 1
    assert "a refund is money's and nobody else's: given.colour: expected one of subject, status" in said
    assert (
        "what is over is over: events: expected at least one of"
        in run("test", TESTS.replace("when: ticket_opened\n  at", "when: noon\n  at"))[1]
    )
