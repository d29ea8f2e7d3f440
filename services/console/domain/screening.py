"""What lists and patterns of a channel do, as the console shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.console.domain.ingest import Quarantined


@dataclass(frozen=True, slots=True)
class BlockedPage:
    """Messages that a block list kept out, the newest first."""

    messages: tuple[Quarantined, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A message as patterns would read it. `read_as` is form, notice, missed, or empty."""

    received_at: datetime
    original_from: str
    original_subject: str
    name: str
    email: str
    phone: str
    external_id: str
    subject: str
    text: str
    fields: Mapping[str, str]
    conversation: str
    read_as: str
    explanation: str

    @property
    def is_read(self) -> bool:
        """A pattern picked something."""
        return self.read_as in ("form", "notice")
