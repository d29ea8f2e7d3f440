"""Who writes, and who answers."""

from collections.abc import Sequence
from dataclasses import dataclass

REQUESTER = "requester"
AGENT = "agent"
RULE = "rule"
SYSTEM = "system"
API = "api"
ACTOR_KINDS = frozenset({REQUESTER, AGENT, RULE, SYSTEM, API})

# Local parts behind which nobody reads; a machine's answer to them comes back or is lost.
_MACHINES = frozenset(
    {
        "mailer-daemon",
        "postmaster",
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "bounce",
        "bounces",
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who or what did it. `kind` is one of ACTOR_KINDS."""

    kind: str
    actor_id: str = ""
    name: str = ""


THE_SYSTEM = Actor(SYSTEM)


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks. At least one of e-mail, phone and external id lets us know the person again."""

    requester_id: str
    name: str = ""
    # In its normal form.
    email: str = ""
    # E.164.
    phone: str = ""
    # The person's id in the world of the channel it wrote by.
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers."""

    agent_id: str
    name: str
    email: str
    role: str
    groups: tuple[str, ...] = ()
    language: str = "en"
    # What the role does not give: words of `accounts.RIGHTS`.
    rights: tuple[str, ...] = ()
    # Has left: signs in no more and is assigned nothing new.
    is_deactivated: bool = False
    # 0 where nothing was changed since changes are kept.
    version: int = 0


def normal_email(address: str) -> str:
    """The address as it is compared: lower case, the domain as an A-label; dots are kept."""
    address = address.strip().lower()
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def is_a_machines_address(address: str) -> bool:
    """Whether an automatic answer to the address would reach nobody."""
    local = address.partition("@")[0].partition("+")[0]
    return not local or local in _MACHINES


def without(addresses: Sequence[str], *unwanted: str) -> tuple[str, ...]:
    """The addresses in their normal form and order, each once, without the unwanted ones."""
    met = set(unwanted)
    kept = []
    for address in addresses:
        address = normal_email(address)
        if address and address not in met:
            met.add(address)
            kept.append(address)
    return tuple(kept)
