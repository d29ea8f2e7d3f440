"""Give a program or a person a token, and know it again."""

from services.tickets.application.account_ports import AccountPorts
from services.tickets.domain import accounts as rules
from services.tickets.domain.accounts import Token
from services.tickets.domain.checks import Checks


def create_token(role: str, name: str, agent_id: str, ports: AccountPorts) -> tuple[Token, str]:
    """The token, and its text, which is not kept. Raises InvalidField(s)."""
    checks = Checks()
    checks.one_of(role, rules.ROLES, "role")
    checks.name(name, "name")
    if role == rules.AGENT or agent_id:
        checks.that(ports.accounts.agent(agent_id) is not None, "agent_id", "the id of an agent", agent_id)
    checks.done()
    secret = ports.new_secret()
    token = Token(ports.new_id(), rules.fingerprint_of(secret), role, ports.now, name, agent_id)
    ports.accounts.add_token(token)
    return token, rules.token_text(token.token_id, secret)


def check_token(text: str, ports: AccountPorts) -> Token | None:
    """The token that this is the text of; None where there is none, or no longer, or for somebody who has left."""
    parts = rules.parts_of(text)
    if parts is None:
        return None
    token_id, secret = parts
    token = ports.accounts.token(token_id)
    if token is None or not token.is_shown_by(secret):
        return None
    agent = ports.accounts.agent(token.agent_id) if token.agent_id else None
    return None if agent is not None and agent.is_deactivated else token
