import argparse
from types import SimpleNamespace
from typing import cast

import pytest
from google.protobuf.duration_pb2 import Duration

from cli import lookup as words
from cli.system import System
from relaydesk.console.v1 import service_pb2 as pb

WELL = pb.SourceCheck(
    source_id="shop",
    is_well=True,
    outcome="found",
    text="found 1 customer, 2 orders",
    took=Duration(nanos=40_000_000),
)


def _test(*checks: pb.SourceCheck, by: tuple[str, str] = ("--email", "a@b.example")) -> pb.TestLookupRequest:
    asked: list[pb.TestLookupRequest] = []

    def answer(request: pb.TestLookupRequest, timeout: float) -> pb.TestLookupResponse:
        asked.append(request)
        return pb.TestLookupResponse(checks=checks)

    parser = argparse.ArgumentParser()
    words.add(parser.add_subparsers())
    parsed = parser.parse_args(["lookup", "test", *by])
    parsed.run(parsed, cast("System", SimpleNamespace(lookups=SimpleNamespace(TestLookup=answer))))
    return asked[0]


def test_a_system_that_is_well_is_said_to_be_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _test(WELL)
    assert capsys.readouterr().out == "shop: all is well: found 1 customer, 2 orders in 0.04 s\n"


def test_what_is_wrong_with_a_system_is_a_failure_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"^crm: denied: it answers 403"):
        _test(WELL, pb.SourceCheck(source_id="crm", outcome="denied", text="it answers 403"))
    assert "shop: all is well" in capsys.readouterr().out


def test_without_systems_the_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _test()
    assert "LOOKUPS_FILE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "field"), [("--email", "email"), ("--phone", "phone"), ("--external-id", "external_id")]
)
def test_one_thing_is_asked_by(word: str, field: str) -> None:
    assert _test(by=(word, "x")) == pb.TestLookupRequest(**{field: "x"})
