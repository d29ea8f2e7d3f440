"""An inbox as channels get it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.ingest.application.ports import Inbox
from services.ingest.domain.lists import Lists
from services.ingest.domain.sign_in import NoToken, TokenSource
from tests.unit.services.ingest.samples import OWN, TOKENS


@dataclass
class MemoryBearer:
    """Gives one token for ever, or says why not."""

    given: str = ""
    trouble: str = "nobody gives tokens here"
    refusals: list[str] = field(default_factory=list)

    def token(self) -> str:
        if not self.given:
            raise NoToken(self.trouble)
        return self.given

    def refused(self, token: str) -> None:
        self.refusals.append(token)


def without_tokens(source: TokenSource) -> MemoryBearer:
    return MemoryBearer()


def anywhere(host: str, port: int) -> list[str]:
    """Servers of a test are on this machine."""
    return [host]


def inbox(
    secrets: dict[str, str] | None = None,
    bearer: MemoryBearer | None = None,
    company_lists: Sequence[Lists] = (),
) -> Inbox:
    known = secrets or {}
    return Inbox(
        "mail",
        TOKENS,
        lambda address: address in OWN,
        lambda name: known[name],
        lambda source: bearer or MemoryBearer(),
        anywhere,
        lambda: company_lists,
    )
