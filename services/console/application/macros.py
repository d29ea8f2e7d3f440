"""Ready answers, by the language of the person asked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.console.domain.tickets import STATUSES, Ticket

SHIPPED = Path(__file__).parent.parent / "macros.toml"


@dataclass(frozen=True, slots=True)
class Macro:
    """A text with holes ({requester}, {agent}, {number}) and the status that goes with it."""

    name: str
    status: str
    titles: Mapping[str, str]
    texts: Mapping[str, str]

    def title(self, language: str) -> str:
        """In the language of whoever presses it."""
        return self.titles.get(language) or self.titles["en"]

    def text(self, language: str, ticket: Ticket, agent_name: str) -> str:
        """In the language of whoever reads it."""
        body = self.texts.get(language) or self.texts["en"]
        holes = {
            "{requester}": ticket.requester.name.split(" ")[0],
            "{agent}": agent_name,
            "{number}": str(ticket.number),
        }
        for hole, value in holes.items():
            body = body.replace(hole, value)
        # Nobody's name leaves "Hello ,"
        return body.replace(" ,", ",").strip()


def load_macros(path: Path = SHIPPED) -> tuple[Macro, ...]:
    """The macros of a file; ValueError names one that lacks English or has an unknown status."""
    macros = []
    for entry in tomllib.loads(path.read_text())["macro"]:
        name, status = entry["name"], entry.get("status", "")
        if status and status not in STATUSES:
            raise ValueError(f"macro {name}: status must be one of {', '.join(STATUSES)}, not {status!r}")
        if "en" not in entry["title"] or "en" not in entry["text"]:
            raise ValueError(f"macro {name}: title.en and text.en are needed")
        macros.append(Macro(name, status, entry["title"], entry["text"]))
    return tuple(macros)
