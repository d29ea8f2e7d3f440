"""`relaydesk channel`: mailboxes, bots and keys through which messages come."""

import argparse
from typing import Any

from cli import apply_channels, try_patterns
from cli.printing import table, when
from cli.system import System
from relaydesk.ingest.v1 import channels_pb2, service_pb2

# Seconds for all of a channel's servers together.
_TEST_WITHIN = 60


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
    for word, run, about in (
        ("pause", _pause, "take, fetch and send nothing for a while; nothing is lost"),
        ("resume", _resume, "go on after a pause"),
        ("history", _history, "who changed what of a channel, and when"),
    ):
        added = group.add_parser(word, help=about)
        added.add_argument("id")
        added.set_defaults(run=run)
    try_patterns.add(group)
    apply_channels.add(group)


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


def _pause(asked: argparse.Namespace, system: System) -> None:
    system.channels.PauseChannel(channels_pb2.PauseChannelRequest(channel_id=asked.id))


def _resume(asked: argparse.Namespace, system: System) -> None:
    system.channels.ResumeChannel(channels_pb2.ResumeChannelRequest(channel_id=asked.id))


def _history(asked: argparse.Namespace, system: System) -> None:
    request = channels_pb2.ListChannelChangesRequest(channel_id=asked.id, page_size=200)
    changes = system.channels.ListChannelChanges(request).changes
    table(
        ("VERSION", "WHEN", "BY", "FIELD", "FROM", "TO"),
        [
            (
                change.version,
                when(change.changed_at),
                change.editor.name or change.editor.id or change.editor.kind,
                step.field,
                step.old_value,
                step.new_value,
            )
            for change in changes
            for step in change.steps
        ],
    )


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
