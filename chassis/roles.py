"""The command line of a service, and what each of its roles has: probes, heartbeats, a preparation."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from chassis import run
from chassis.config import ConfigError, load
from chassis.errors import Unavailable
from chassis.preparation import Preparation
from chassis.service import CommonSettings, Parts
from chassis.web import Heartbeat, ProbeServer

SettingsT = TypeVar("SettingsT", bound=CommonSettings)


@runtime_checkable
class Beating(Protocol):
    """Calls its heartbeat at each turn of its loop."""

    name: str
    heartbeat: Callable[[], None]


@runtime_checkable
class Readying(Protocol):
    """Knows whether it serves."""

    name: str

    def is_ready(self) -> bool: ...


@runtime_checkable
class Waiting(Protocol):
    """Knows what it waits for while it does not serve."""

    away: Unavailable | None


def assembled(
    parts: Parts, components: Sequence[run.Component], prepare: Callable[[], None]
) -> list[run.Component]:
    """A role out of its components, started in this order, behind the preparation and the probes that watch them all.

    Live as long as every component with a heartbeat beats; ready when the preparation is done and every component that
    can be asked says so.
    """
    whole: list[run.Component] = [Preparation(prepare), *components]
    beats: list[Heartbeat] = []
    ready: dict[str, Callable[[], bool]] = {}
    for component in whole:
        if isinstance(component, Beating):
            beat = Heartbeat(component.name)
            component.heartbeat = beat.beat
            beats.append(beat)
        if isinstance(component, Readying):
            ready[component.name] = _asked(component)
    settings = parts.settings
    probes = ProbeServer(
        settings.probe_port, parts.metrics, heartbeats=beats, ready=ready, host=settings.probe_host
    )
    # First, so that a role that waits for its surroundings can say so.
    return [probes, *whole]


def _asked(component: Readying) -> Callable[[], bool]:
    """Whether it serves; raises Unavailable where it knows what is missing."""

    def ask() -> bool:
        if component.is_ready():
            return True
        if isinstance(component, Waiting) and component.away is not None:
            raise component.away
        return False

    return ask


def parser(service: str, roles: Mapping[str, object]) -> argparse.ArgumentParser:
    """`python -m services.<service> <role>|prepare`; a service may add options of its own."""
    made = argparse.ArgumentParser(prog=f"python -m services.{service}")
    made.add_argument("role", choices=[*roles, "prepare"])
    return made


def start(
    service: str,
    role: str,
    settings_type: type[SettingsT],
    roles: Mapping[str, Callable[[Parts, SettingsT], Sequence[run.Component]]],
    prepare: Callable[[Parts], None],
    *,
    prefix: str,
    narrow: Callable[[SettingsT], SettingsT] = lambda settings: settings,
) -> int:
    """Run one role until told to stop, or only prepare; answers the exit code.

    `prefix` begins the names of the metrics; `narrow` lets the command line have the last word over the environment.
    """
    try:
        settings = narrow(load(settings_type))
    except ConfigError as error:
        return run.refuse(error)
    parts = Parts(service, role, settings, prefix=prefix)
    try:
        if role == "prepare":
            prepare(parts)
            return 0
        return run.run([parts.telemetry, *roles[role](parts, settings)])
    except Unavailable as away:
        print(away, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        parts.close()
