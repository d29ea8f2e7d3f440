"""Files that say which channels there shall be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from relaydesk.ingest.v1 import service_pb2

_KEYS = ("id", "name", "kind", "lane", "settings", "secrets", "is_paused")


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is read when a channel is applied: an environment variable or a file."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel as a file has it."""

    channel: service_pb2.Channel
    secrets: Mapping[str, SecretPlace] = field(default_factory=dict)
    # Whether the file says that it is paused or not; where it does not, that is left to those who work with it.
    says_paused: bool = False


def read(path: Path) -> list[Wanted]:
    """The channels of a YAML file. Raises ValueError with the place of the mistake, OSError."""
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        # The driver's own words quote the line, which may hold what nobody should read.
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise ValueError(f"{path}: not YAML{place}: {problem}") from None
    wanted = list(channels_of(content, str(path)))
    ids = [one.channel.id for one in wanted]
    if doubled := sorted({one for one in ids if ids.count(one) > 1}):
        raise ValueError(f"{path}: {', '.join(doubled)}: described more than once")
    return wanted


def channels_of(content: object, name: str) -> Iterator[Wanted]:
    """The channels that a file's content describes. Raises ValueError with the place of the mistake."""
    if isinstance(content, Mapping) and "channels" in content:
        if unknown := sorted(str(key) for key in content if key != "channels"):
            raise ValueError(f"{name}: unknown {', '.join(unknown)} beside channels")
        content = content["channels"]
    for place, row in enumerate(content if isinstance(content, list) else [content]):
        where = f"{name}: channel {place + 1}"
        if not isinstance(row, Mapping) or not row.get("id"):
            raise ValueError(f"{where}: expected a map with an id")
        where = f"{where} ({row['id']})"
        if unknown := sorted(str(key) for key in row if key not in _KEYS):
            raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
        settings = row.get("settings") or {}
        if not isinstance(settings, Mapping):
            raise ValueError(f"{where}: settings: expected a map")
        is_paused = row.get("is_paused")
        if not isinstance(is_paused, bool | None):
            raise ValueError(f"{where}: is_paused: expected true or false")
        channel = service_pb2.Channel(
            id=str(row["id"]),
            name=str(row.get("name") or row["id"]),
            kind=str(row.get("kind", "")),
            lane=str(row.get("lane", "")),
            settings={str(key): text(value) for key, value in settings.items()},
            is_paused=bool(is_paused),
        )
        secrets = dict(_secrets(row.get("secrets") or {}, where))
        yield Wanted(channel, secrets, is_paused is not None)


def _secrets(content: object, where: str) -> Iterator[tuple[str, SecretPlace]]:
    if not isinstance(content, Mapping):
        raise ValueError(f"{where}: secrets: expected a map")
    for setting, place in content.items():
        if not isinstance(place, Mapping) or len(place) != 1 or not {"env", "file"} & set(place):
            # What stands there may be the secret: it is not repeated.
            raise ValueError(
                f"{where}: secrets.{setting}: expected {{env: VARIABLE}} or {{file: PATH}}, "
                "for a secret stands in no such file"
            )
        ((kind, name),) = place.items()
        yield str(setting), SecretPlace(str(kind), str(name))


def text(value: object) -> str:
    """A value as settings are written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and any(_needs_its_form(one) for one in value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return ",".join(text(one) for one in value)
    return "" if value is None else str(value)


def _needs_its_form(value: object) -> bool:
    """Joined by commas it would not be the same any more."""
    return isinstance(value, Mapping) or (isinstance(value, str) and ("," in value or ":" in value))
