import argparse
from types import SimpleNamespace
from typing import cast

import pytest

from cli import channel as words
from cli.system import System
from relaydesk.ingest.v1 import service_pb2 as pb


def _test(*checks: pb.ServerCheck) -> None:
    def answer(request: pb.TestChannelRequest, timeout: float) -> pb.TestChannelResponse:
        return pb.TestChannelResponse(checks=checks)

    parser = argparse.ArgumentParser()
    words.add(parser.add_subparsers())
    asked = parser.parse_args(["channel", "test", "support"])
    asked.run(asked, cast("System", SimpleNamespace(ingest=SimpleNamespace(TestChannel=answer))))


def test_a_mailbox_that_is_well_is_said_to_be_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _test(pb.ServerCheck(name="smtp", is_well=True, text="signed in"))
    assert capsys.readouterr().out == "support: smtp: all is well: signed in\n"


def test_what_is_wrong_with_a_mailbox_is_a_failure_of_the_command() -> None:
    with pytest.raises(ValueError, match="support: smtp: the host refuses the connection"):
        _test(pb.ServerCheck(name="smtp", text="the host refuses the connection"))


def test_a_channel_without_servers_is_nothing_to_worry_about(capsys: pytest.CaptureFixture[str]) -> None:
    _test()
    assert capsys.readouterr().out == "support: there is no server to sign in at\n"
