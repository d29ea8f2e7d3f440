"""Files that say how an SLA policy or a calendar shall be."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from google.protobuf import json_format

from relaydesk.sla.v1 import service_pb2

_READ_BY_THE_CONTRACT = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int"})


class _Plain(yaml.SafeLoader):
    """Days, hours and numbers stay as they are written: 18:00 is no 1080, and the contract reads them itself."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the loader reads it as it stands
        first: [(tag, found) for tag, found in resolvers if tag not in _READ_BY_THE_CONTRACT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(path: Path) -> service_pb2.Policy | service_pb2.Calendar:
    """The policy or the calendar of a YAML file. Raises ValueError with the place of the mistake, OSError."""
    try:
        content = yaml.load(path.read_text(), _Plain)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        raise ValueError(
            f"{path}: not YAML{place}: {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    if not isinstance(content, Mapping) or set(content) not in ({"policy"}, {"calendar"}):
        raise ValueError(f"{path}: expected a map with `policy:` or `calendar:`, and nothing beside it")
    ((word, fields),) = content.items()
    wire = service_pb2.Policy() if word == "policy" else service_pb2.Calendar()
    try:
        json_format.ParseDict(fields, wire)
    except json_format.ParseError as error:
        raise ValueError(f"{path}: {word}: {error}") from None
    if not wire.id:
        raise ValueError(f"{path}: {word}.id: expected an id, so that the file can be applied again")
    return wire
