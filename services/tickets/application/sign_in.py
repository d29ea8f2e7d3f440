"""A person shows an address and a password."""

from chassis.errors import Unauthenticated
from services.tickets.application.account_ports import AccountPorts
from services.tickets.domain.people import Agent, normal_email


def sign_in(email: str, password: str, ports: AccountPorts) -> Agent:
    """Who it is. Raises Unauthenticated, which does not say whether the address is known, nor by how long it takes."""
    known = ports.accounts.password_of(normal_email(email))
    agent, password_hash = known if known is not None else (None, "")
    fits = ports.passwords.fits(password_hash, password)
    if agent is None or agent.is_deactivated or not fits:
        raise Unauthenticated("address and password do not fit")
    return agent
