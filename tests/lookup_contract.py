"""A source of the lookup contract on loopback, and how it fails."""

import base64
import time
from ipaddress import ip_network

import pytest

from services.console.adapters.lookup.customers import ContractSystem
from services.console.adapters.lookup.reading import JsonReader
from services.console.adapters.lookup.signing import keys_of
from services.console.application.look_up import Deadline
from services.console.domain.outside import EMAIL, LookupFailed, Sought, Source
from tests.fakes.outside import OutsideServer

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
HANNAH = Sought(EMAIL, "hannah+shop@post.example")
LOOPBACK = (ip_network("127.0.0.0/8"),)
NOBODY: dict[str, object] = {"version": 1, "customers": []}


def contract_system(shop: OutsideServer, *, allowed: bool = True, url: str = "") -> ContractSystem:
    """What asks the server."""
    reader = JsonReader(url or shop.url, allowed=LOOPBACK if allowed else ())
    return ContractSystem(
        Source("shop", "Shop"),
        reader,
        ("shop.example.com",),
        lambda: keys_of(SECRET),
        lambda: ("msg_1", 1_795_000_000),
    )


def failure(asked: ContractSystem, patience: float = 60.0) -> LookupFailed:
    """How the question fails."""
    with pytest.raises(LookupFailed) as failed:
        asked.find(HANNAH, Deadline(time.monotonic() + patience))
    return failed.value
