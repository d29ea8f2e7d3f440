"""An inbox as channels get it."""

from services.ingest.application.ports import Inbox
from tests.unit.services.ingest.samples import OWN, TOKENS


def inbox(secrets: dict[str, str] | None = None) -> Inbox:
    known = secrets or {}
    return Inbox("mail", TOKENS, lambda address: address in OWN, lambda name: known[name])
