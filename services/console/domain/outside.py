"""What systems outside of Relaydesk know of a requester: who they are there, and what they ordered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from services.console.domain.tickets import Ticket

EMAIL = "email"
PHONE = "phone"
EXTERNAL_ID = "external_id"

# More than anybody reads beside a ticket; the rest is left out.
MOST_CUSTOMERS = 5
MOST_ORDERS = 20
MOST_FIELDS = 20
MOST_LINKS = 10
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Sought:
    """By what somebody is looked for: `kind` is email, phone (E.164) or external_id."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class OutsideField:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class OutsideLink:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Order:
    """`total` is None where the system names no sum; `url` is empty where there is nothing to open."""

    number: str
    placed_at: datetime
    status: str
    total: Decimal | None = None
    currency: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """One person as a system outside knows them; orders newest first."""

    name: str
    url: str = ""
    fields: tuple[OutsideField, ...] = ()
    links: tuple[OutsideLink, ...] = ()
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A system that may be asked. `external_ids_of` are the channels whose external ids are this system's own: everywhere
    else an id is a messenger's, and would name somebody else here."""

    source_id: str
    name: str
    external_ids_of: frozenset[str] = frozenset()


class LookupFailed(Exception):
    """No answer, and why, in one word for metrics and pages; `detail` is for those who set the source up and holds nothing
    of the person who was looked for. What the system itself says of it is in `said`: who knows what, and no log gets it."""

    def __init__(self, outcome: str, detail: str = "", retry_in: float = 0.0, said: str = "") -> None:
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail
        self.said = shortened(said)
        # Seconds until asking again makes sense; 0 where it does at once.
        self.retry_in = retry_in


# Did not answer within the time for all of it.
TIMEOUT = "timeout"
# No connection, or one that broke; a certificate that does not fit.
UNREACHABLE = "unreachable"
# Its name leads to an address that may not be called.
BLOCKED = "blocked"
REDIRECTED = "redirected"
# Our signature or key is not accepted.
DENIED = "denied"
# Any other status that is no answer.
REFUSED = "refused"
# 5xx, or more than it can do now.
FAILED = "failed"
TOO_LARGE = "too_large"
MALFORMED = "malformed"
# It failed too often, and is left alone for a while.
RESTING = "resting"
# As many questions as it gets at a time are under way.
BUSY = "busy"

# What says that the system itself is unwell; all else is about one question or about how it was set up.
UNWELL = frozenset({TIMEOUT, UNREACHABLE, FAILED})


def sought_of(ticket: Ticket, source: Source) -> tuple[Sought, ...]:
    """By what the ticket's requester is looked for, the surest first; empty where nothing is known of them."""
    person = ticket.requester
    found = []
    if person.external_id and ticket.channel_id in source.external_ids_of:
        found.append(Sought(EXTERNAL_ID, person.external_id))
    if person.email:
        found.append(Sought(EMAIL, person.email))
    if person.phone.startswith("+"):
        found.append(Sought(PHONE, person.phone))
    return tuple(found)


def openable(url: str, hosts: Collection[str]) -> str:
    """The address where a page may lead a person to it: https, on its usual port, at one of the hosts; else nothing."""
    if not url.isascii() or any(letter <= " " or letter in '\\"<>`\x7f' for letter in url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc:
        return ""
    return url if parts.hostname in hosts else ""


def in_utc(at: datetime) -> datetime:
    """The aware moment in UTC. Raises ValueError where no order can be that old or that new."""
    if not 1900 < at.year < 2200:
        raise ValueError("no order was placed in that year")
    return at.astimezone(UTC)


def shortened(text: str) -> str:
    """One line of at most LONGEST characters."""
    line = " ".join(text[: 4 * LONGEST].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
