"""`relaydesk channel try-patterns`: what mail patterns would pick from the latest mails of a mailbox."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cli.printing import one_line, when
from cli.system import System
from relaydesk.ingest.v1 import screening_pb2

_SETTING = "mail_patterns"


def add(words: Any) -> None:
    """Add the word to those of `channel`."""
    tried = words.add_parser(
        "try-patterns",
        help="what mail patterns would pick from the latest mails of a mailbox; nothing is changed",
        description=f"The file holds the patterns as a list, or as `{_SETTING}:` with a list; without one the mailbox's own "
        "are tried.",
    )
    tried.add_argument("id")
    tried.add_argument("file", type=Path, nargs="?")
    tried.add_argument(
        "--limit", type=int, default=20, metavar="N", help="of so many mails, at most 50 (default 20)"
    )
    tried.set_defaults(run=_run)


def _run(asked: argparse.Namespace, system: System) -> None:
    settings = {_SETTING: patterns_in(asked.file)} if asked.file is not None else {}
    request = screening_pb2.TrySettingsRequest(channel_id=asked.id, settings=settings, limit=asked.limit)
    messages = system.screening.TrySettings(request).messages
    for one in messages:
        print("\n".join(lines_of(one)), end="\n\n")
    read = sum(1 for one in messages if one.read_as in ("form", "notice"))
    missed = sum(1 for one in messages if one.read_as == "missed")
    print(
        f"{read} of {len(messages)} are read by a pattern, {missed} are missed by the patterns meant for them"
    )


def patterns_in(file: Path) -> str:
    """The patterns of a file as the setting holds them. Raises ValueError."""
    text = file.read_text()
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not YAML: {error}") from error
    if isinstance(content, Mapping) and set(content) == {_SETTING}:
        content = content[_SETTING]
        return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return text


def lines_of(one: screening_pb2.TriedMessage) -> list[str]:
    """A message for a person: what it was, and what would be picked."""
    said_by = (one.author.name, one.author.email, one.author.phone, one.author.external_id)
    lines = [
        f"{when(one.received_at)}  {one_line(one.original_from)}  {one_line(one.original_subject)}",
        f"  {one.explanation or 'No pattern is meant for it.'}",
    ]
    if one.read_as not in ("form", "notice"):
        return lines
    found = {
        "requester": ", ".join(part for part in said_by if part),
        "subject": one.subject if one.subject != one.original_subject else "",
        "conversation": one.conversation,
        **{f"fields.{name}": value for name, value in sorted(one.fields.items())},
        "text": one.text,
    }
    return lines + [f"  {name}: {one_line(value)}" for name, value in found.items() if value]
