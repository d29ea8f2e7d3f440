"""`relaydesk channel`: mailboxes, bots and keys through which messages come."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from chassis.errors import NotFound
from cli import try_patterns
from cli.printing import table
from cli.system import System
from relaydesk.ingest.v1 import service_pb2

# Seconds for all of a channel's servers together.
_TEST_WITHIN = 60
_KEYS = ("id", "name", "kind", "lane", "settings", "is_paused")


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("channel", help="list channels, make or change them").add_subparsers(
        metavar="WORD", required=True
    )
    group.add_parser("list", help="all channels").set_defaults(run=_list)
    key = group.add_parser("key", help="print the key with which other systems post to a channel")
    key.add_argument("id")
    key.set_defaults(run=_key)
    test = group.add_parser("test", help="sign in at a channel's servers and say what is wrong, if anything")
    test.add_argument("id")
    test.set_defaults(run=_test)
    try_patterns.add(group)
    apply = group.add_parser(
        "apply",
        help="make or change the channels of a YAML file",
        description="The file holds one channel, a list of them, or `channels:` with a list. A channel has id, name, "
        "kind, lane, settings and is_paused.",
    )
    apply.add_argument("file", type=Path)
    apply.set_defaults(run=_apply)


def _list(asked: argparse.Namespace, system: System) -> None:
    channels = system.ingest.ListChannels(service_pb2.ListChannelsRequest()).channels
    table(
        ("ID", "KIND", "LANE", "STATE", "NAME"),
        [(c.id, c.kind, c.lane, state_of(c), c.name) for c in channels],
    )


def state_of(channel: service_pb2.Channel) -> str:
    """How it goes with a channel: a word, or what keeps its mail from being fetched."""
    if channel.is_paused:
        return "paused"
    fetching = channel.fetching
    if fetching.trouble:
        return f"not fetched: {fetching.trouble}"
    return f"on, {fetching.waiting} not fetched" if fetching.waiting else "on"


def _key(asked: argparse.Namespace, system: System) -> None:
    print(system.ingest.GetChannelKey(service_pb2.GetChannelKeyRequest(channel_id=asked.id)).key)


def _test(asked: argparse.Namespace, system: System) -> None:
    request = service_pb2.TestChannelRequest(channel_id=asked.id)
    checks = system.ingest.TestChannel(request, timeout=_TEST_WITHIN).checks
    wrong = [f"{asked.id}: {one.name}: {one.text}" for one in checks if not one.is_well]
    for one in checks:
        if one.is_well:
            print(f"{asked.id}: {one.name}: all is well: {one.text}")
    if not checks:
        print(f"{asked.id}: there is no server to sign in at")
    if wrong:
        raise ValueError("; ".join(wrong))


def _apply(asked: argparse.Namespace, system: System) -> None:
    try:
        content = yaml.safe_load(asked.file.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{asked.file}: not YAML: {error}") from error
    for wanted in list(channels_of(content, str(asked.file))):
        version = _version(wanted.id, system)
        saved = system.ingest.SaveChannel(
            service_pb2.SaveChannelRequest(channel=wanted, expected_version=version)
        ).channel
        print(
            f"{saved.id}: {'made' if version == 0 else 'changed' if saved.version != version else 'unchanged'}"
        )


def channels_of(content: object, name: str) -> Iterator[service_pb2.Channel]:
    """The channels that a file's content describes. Raises ValueError with the place of the mistake."""
    if isinstance(content, Mapping) and "channels" in content:
        content = content["channels"]
    for place, row in enumerate(content if isinstance(content, list) else [content]):
        where = f"{name}: channel {place + 1}"
        if not isinstance(row, Mapping) or not row.get("id"):
            raise ValueError(f"{where}: expected a map with an id")
        if unknown := sorted(str(key) for key in row if key not in _KEYS):
            raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
        settings = row.get("settings") or {}
        if not isinstance(settings, Mapping):
            raise ValueError(f"{where}: settings: expected a map")
        yield service_pb2.Channel(
            id=str(row["id"]),
            name=str(row.get("name", "")),
            kind=str(row.get("kind", "")),
            lane=str(row.get("lane", "")),
            settings={str(key): _text(value) for key, value in settings.items()},
            is_paused=bool(row.get("is_paused", False)),
        )


def _needs_its_form(value: object) -> bool:
    """Joined by commas it would not be the same any more."""
    return isinstance(value, Mapping) or (isinstance(value, str) and ("," in value or ":" in value))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and any(_needs_its_form(one) for one in value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return ",".join(_text(one) for one in value)
    return "" if value is None else str(value)


def _version(channel_id: str, system: System) -> int:
    try:
        found = system.ingest.GetChannel(service_pb2.GetChannelRequest(channel_id=channel_id))
    except NotFound:
        return 0
    return found.channel.version
