"""The three tables of every service, read as the map of the system."""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf.message import Message

SERVICES = tuple(
    sorted(
        path.name
        for path in (Path(__file__).parents[2] / "services").iterdir()
        if (path / "__init__.py").is_file()
    )
)


@dataclass(frozen=True)
class Wire:
    """What one service hears, says and does about it."""

    service: str
    hears: Mapping[type[Message], Any]
    says: frozenset[str]
    handlers: Mapping[type, Any]


def wires() -> list[Wire]:
    """The wire of every service that has one; the console has none."""
    found = []
    for service in SERVICES:
        name = f"services.{service}.adapters.wire"
        if importlib.util.find_spec(name) is None:
            continue
        module: ModuleType = importlib.import_module(name)
        application = importlib.import_module(f"services.{service}.application")
        found.append(
            Wire(
                service,
                getattr(module, "CONSUMES", {}),
                frozenset(_said(module)),
                getattr(application, "HANDLERS", {}),
            )
        )
    return found


def _said(module: ModuleType) -> list[str]:
    """Full names of what a wire publishes: the return annotations of its translations."""
    names = []
    for translate in getattr(module, "PUBLISHES", {}).values():
        returned = translate.__annotations__["return"]
        kind = eval(returned, vars(module)) if isinstance(returned, str) else returned  # noqa: S307 - our own source
        names.append(kind.DESCRIPTOR.full_name)
    return names
