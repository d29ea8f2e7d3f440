"""What every own node has: a card beside its data, a wait until it answers, and errors of one line."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from local.child import OwnChild
from local.ports import holder_of


class NodeError(Exception):
    """A node cannot be run; the message is one line that says what to do."""


@dataclass(frozen=True)
class Card:
    """What a node must find again at its next start.

    A replica set whose port changes never becomes primary, and a broker finds its queues by its node name, so
    both lie beside the data and travel with it.
    """

    name: str
    version: str
    ports: dict[str, int]


def read_card(folder: Path) -> Card | None:
    """The card of a folder that has held a node before; None for a new one."""
    try:
        said = json.loads((folder / "node.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise NodeError(
            f"{folder / 'node.json'} cannot be read ({error}): `make clean-data` forgets it"
        ) from error
    return Card(name=said["name"], version=said["version"], ports=said["ports"])


def write_card(folder: Path, card: Card) -> None:
    """Remember a node; a crash in between leaves the old card."""
    draft = folder / "node.json.new"
    draft.write_text(json.dumps(asdict(card), indent=2) + "\n")
    draft.replace(folder / "node.json")


def await_ready(
    child: OwnChild, answers: Callable[[], bool], within: float, why_not: Callable[[], str]
) -> None:
    """Wait until a node answers; NodeError at once when its process ends, or after `within` seconds."""
    ends = time.monotonic() + within
    while not answers():
        if not child.is_running:
            raise NodeError(f"{child.name} ended with code {child.exit_code}: {why_not()}")
        if time.monotonic() > ends:
            raise NodeError(f"{child.name} does not answer after {within:.0f} s: {why_not()}")
        time.sleep(0.05)


def taken(what: str, port: int, folder: Path) -> str:
    """The line for a port that somebody else listens on."""
    return f"{what} {port} is in use by {holder_of(port)}: end it, or `make clean-data` to forget {folder}"
