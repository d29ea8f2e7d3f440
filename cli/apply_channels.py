"""`relaydesk channel apply`: what a file wants, what there is, and what that changes."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.config import environment
from chassis.errors import InvalidFields
from cli.channel_file import SecretPlace, Wanted, read
from cli.printing import one_line, when
from cli.system import System
from relaydesk.ingest.v1 import channels_pb2, service_pb2

# The exit code of a dry run that found something to change; 1 and 2 are taken by failures and by wrong words.
DIFFERS = 3
_SIGNS = {"make": "+", "change": "~", "keep": "="}
_DESCRIPTION = """\
The file holds one channel, a list of them, or `channels:` with a list. A channel has id, name, kind, lane,
settings, secrets and is_paused. Secrets are read from elsewhere and kept encrypted:
`secrets: {imap_password_secret: {env: VARIABLE}}`, or `{file: PATH}`. Nothing is written before everything was
checked; a channel that somebody changes meanwhile is refused. Channels that the file does not name stay as they
are, and so does a pause that it says nothing of.
"""
_EPILOG = (
    "Exit code: 0 all is as the file has it, 1 something was refused, 3 a dry run found something to change."
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One channel of the file against the store."""

    request: channels_pb2.ApplyChannelRequest
    steps: Sequence[channels_pb2.ChannelStep]
    # Who changed it last, and when; empty for a new one.
    last: str

    @property
    def verb(self) -> str:
        if not self.request.expected_version:
            return "make"
        return "change" if self.steps else "keep"


def add(group: Any) -> None:
    """Add the word to the command line."""
    apply = group.add_parser(
        "apply",
        help="make or change the channels of a YAML file, after a look at what that changes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    apply.add_argument("file", type=Path)
    how = apply.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="apply without asking")
    how.add_argument("--dry-run", action="store_true", help="only say what would change")
    apply.set_defaults(run=_run)


def _run(asked: argparse.Namespace, system: System) -> int:
    wanted = read(asked.file)
    stored = system.ingest.ListChannels(service_pb2.ListChannelsRequest()).channels
    planned = plan(wanted, {channel.id: channel for channel in stored}, system)
    _show(planned, stored)
    due = [one for one in planned if one.verb != "keep"]
    if not due:
        return 0
    if asked.dry_run:
        return DIFFERS
    if not asked.yes and not _is_wanted():
        raise ValueError("nothing was applied; say --yes to apply, or --dry-run to look only")
    for one in due:
        saved = system.channels.ApplyChannel(one.request).channel
        print(f"{saved.id}: {'made' if one.verb == 'make' else 'changed'}, version {saved.version}")
    return 0


def plan(
    wanted: Sequence[Wanted], stored: Mapping[str, service_pb2.Channel], system: System
) -> list[Planned]:
    """What would change. Raises ValueError with everything that is wrong, by channel; nothing was written then."""
    planned: list[Planned] = []
    wrong: list[str] = []
    for one in wanted:
        before = stored.get(one.channel.id)
        request = channels_pb2.ApplyChannelRequest(
            channel=one.channel,
            expected_version=before.version if before is not None else 0,
            secrets=_secrets(one),
            validate_only=True,
        )
        if before is not None and not one.says_paused:
            request.channel.is_paused = before.is_paused
        try:
            steps = system.channels.ApplyChannel(request).steps
        except InvalidFields as invalid:
            wrong += [
                f"{one.channel.id}: {field.field.removeprefix('channel.')}: {field.description}"
                for field in invalid.fields
            ]
            continue
        request.validate_only = False
        last = _last_change(one.channel.id, system) if before is not None and steps else ""
        planned.append(Planned(request, steps, last))
    if wrong:
        raise ValueError("; ".join(wrong))
    return planned


def _last_change(channel_id: str, system: System) -> str:
    request = channels_pb2.ListChannelChangesRequest(channel_id=channel_id, page_size=1)
    for change in system.channels.ListChannelChanges(request).changes:
        who = change.editor.name or change.editor.id or change.editor.kind
        return f"version {change.version}, last changed by {who} at {when(change.changed_at)}"
    return ""


def _secrets(wanted: Wanted) -> Mapping[str, str]:
    return {
        setting: _secret(place, f"{wanted.channel.id}: secrets.{setting}")
        for setting, place in wanted.secrets.items()
    }


def _secret(place: SecretPlace, where: str) -> str:
    if place.kind == "env":
        value = environment().get(place.name, "")
        if not value:
            raise ValueError(f"{where}: the environment has no {place.name}")
        return value
    try:
        return Path(place.name).read_text().strip()
    except OSError as error:
        raise ValueError(f"{where}: {place.name}: {error.strerror}") from error


def _show(planned: Sequence[Planned], stored: Iterable[service_pb2.Channel]) -> None:
    """The plan, and what is in the store and not in the file."""
    for one in planned:
        channel = one.request.channel
        about = f"  ({one.last})" if one.last else ""
        print(f"{_SIGNS[one.verb]} {one.verb} {channel.id}{about}")
        for step in one.steps:
            print(f"    {step.field}: {_shown(step.old_value)} -> {_shown(step.new_value)}")
    named = {one.request.channel.id for one in planned}
    for channel in stored:
        if channel.id not in named:
            print(f"? not in the file, stays as it is: {channel.id}")
    verbs = [one.verb for one in planned]
    pauses = sum(
        step.field == "is_paused" and step.new_value == "true" for one in planned for step in one.steps
    )
    counts = [f"{verbs.count('make')} to make", f"{verbs.count('change')} to change", f"{pauses} to pause"]
    print(f"plan: {', '.join(counts)}, {verbs.count('keep')} as the file has it")


def _shown(value: str) -> str:
    return one_line(value) if value else "(nothing)"


def _is_wanted() -> bool:
    return sys.stdin.isatty() and input("Apply? [y/N] ").strip().lower() in ("y", "yes")
