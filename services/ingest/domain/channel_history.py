"""What was changed of a channel, when and by whom."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_secrets import is_secret, shown

CHANGED = "changed"
# A history tells what was changed; it keeps no copy of long settings.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes a channel."""

    # agent, api (a program with a token) or system.
    kind: str
    editor_id: str = ""
    name: str = ""
    # Whether mounted secrets may be named.
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One field from one value to another; of secrets never more than how they are kept."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """What one version of a channel changed of the one before; the first made it."""

    channel_id: str
    version: int
    changed_at: datetime
    editor: Editor
    steps: tuple[Step, ...]


def steps_between(old: Channel | None, new: Channel, given: Set[str]) -> tuple[Step, ...]:
    """From one state of a channel to the next, or from nothing; `given` are settings whose secret is another now."""
    before = _fields(old) if old is not None else {}
    after = _fields(new)
    steps: list[Step] = []
    for field in sorted(before.keys() | after.keys(), key=lambda name: (name.startswith("settings."), name)):
        was, now = before.get(field, ""), after.get(field, "")
        setting = field.removeprefix("settings.")
        if was == now and setting not in given:
            continue
        if is_secret(setting) and field != setting:
            was, now = shown(setting, was), shown(setting, now)
            now = CHANGED if was == now else now
        steps.append(Step(field, _cut(was), _cut(now)))
    return tuple(steps)


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _fields(channel: Channel) -> dict[str, str]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "lane": channel.lane,
        "is_paused": "true" if channel.is_paused else "false",
        **{f"settings.{name}": value for name, value in channel.settings.items()},
    }
