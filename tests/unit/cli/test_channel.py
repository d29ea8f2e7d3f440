import argparse
from types import SimpleNamespace
from typing import cast

import pytest

from cli import channel as words
from cli.channel import channels_of
from cli.system import System
from relaydesk.ingest.v1 import service_pb2 as pb


def test_a_file_may_hold_one_channel_or_many() -> None:
    one = {"id": "support", "kind": "email"}
    assert [channel.id for channel in channels_of(one, "f")] == ["support"]
    assert [channel.id for channel in channels_of([one, {"id": "sales"}], "f")] == ["support", "sales"]
    assert [channel.id for channel in channels_of({"channels": [one]}, "f")] == ["support"]


def test_settings_are_texts_whatever_yaml_took_them_for() -> None:
    row = {
        "id": "support",
        "settings": {"size": 35, "spam": False, "addresses": ["a@x", "b@x"], "none": None},
    }
    (channel,) = channels_of(row, "f")
    assert dict(channel.settings) == {"size": "35", "spam": "false", "addresses": "a@x,b@x", "none": ""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text", "channel 1: expected a map with an id"),
        ([{"id": "a"}, {}], "channel 2: expected a map with an id"),
        ({"id": "a", "colour": "red"}, "unknown colour; known are id, name"),
        ({"id": "a", "settings": []}, None),
        ({"id": "a", "settings": ["x"]}, "settings: expected a map"),
    ],
)
def test_a_mistake_is_told_with_its_place(content: object, words: str | None) -> None:
    if words is None:
        assert len(list(channels_of(content, "f"))) == 1
        return
    with pytest.raises(ValueError, match=words):
        list(channels_of(content, "f"))


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
