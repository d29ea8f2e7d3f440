"""Which addresses may be called: the world's, and of our own only those that were named.

Whoever may set a source up, or runs the DNS of one, could otherwise make the console read what only its own network may:
another pod, the cloud's metadata at 169.254.169.254, itself.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from ipaddress import ip_address

from chassis.addresses import Network, Resolve, may_be_called, system_resolver
from services.console.application.look_up import Deadline
from services.console.domain.outside import BLOCKED, TIMEOUT, UNREACHABLE, LookupFailed

# The system's resolver has no timeout that we could set; whoever is tired of waiting leaves it to these threads.
_RESOLVING = ThreadPoolExecutor(4, thread_name_prefix="lookup-dns")


def addresses_to_call(
    host: str, port: int, allowed: Sequence[Network], deadline: Deadline, resolve: Resolve = system_resolver
) -> list[str]:
    """Those of the host's addresses that may be called, in the resolver's order. Raises LookupFailed where none may."""
    try:
        found = [str(ip_address(host))]
    except ValueError:
        found = _resolved(host, port, deadline, resolve)
    good = [one for one in found if may_be_called(ip_address(one), allowed)]
    if not good:
        raise LookupFailed(
            BLOCKED, f"{host} is {found[0]}, which is no public address; allow_addresses may name its network"
        )
    return good


def _resolved(host: str, port: int, deadline: Deadline, resolve: Resolve) -> list[str]:
    asked = _RESOLVING.submit(resolve, host, port)
    try:
        found = list(asked.result(timeout=deadline.left()))
    except TookTooLong:
        asked.cancel()
        raise LookupFailed(TIMEOUT, f"the name {host} was not resolved in time") from None
    except OSError as error:
        raise LookupFailed(UNREACHABLE, f"the name {host} leads nowhere: {error.strerror or error}") from None
    if not found:
        raise LookupFailed(UNREACHABLE, f"the name {host} leads nowhere")
    return found
