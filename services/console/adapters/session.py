"""Who is signed in, kept in a signed cookie; and the tokens that forms carry."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

from chassis.ids import new_id
from services.console.domain.tickets import Agent


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. The agent as of then: who is known by now counts more, where that can be asked."""

    session_id: str
    agent: Agent


class Sessions:
    """Makes and reads session cookies and form tokens with the instance's key."""

    def __init__(self, instance_key: str, lifetime: timedelta = timedelta(hours=12)) -> None:
        # Each use has a key of its own, so that a cookie can never pass for something else that was signed.
        self._serializer = URLSafeTimedSerializer(instance_key, salt="console.session")
        self._form_key = hashlib.sha256(b"console.form\0" + instance_key.encode()).digest()
        self._lifetime = lifetime

    @property
    def lifetime(self) -> timedelta:
        return self._lifetime

    def begin(self, agent: Agent) -> Session:
        return Session(new_id(), agent)

    def write(self, session_id: str, agent: Agent) -> str:
        """The cookie's value."""
        return self._serializer.dumps(
            [session_id, agent.agent_id, agent.name, agent.email, agent.role, agent.language]
        )

    def read(self, cookie: str) -> Session | None:
        """None where it was not written by us, or too long ago."""
        try:
            value = self._serializer.loads(cookie, max_age=int(self._lifetime.total_seconds()))
        except BadSignature:
            return None
        match value:
            case [str(session_id), str(agent_id), str(name), str(email), str(role), str(language)]:
                return Session(session_id, Agent(agent_id, name, email, role, (), language))
        return None

    def form_token(self, session_id: str) -> str:
        """A fresh token: it differs in every page, so that compression tells nothing of it."""
        nonce = secrets.token_hex(8)
        return f"{nonce}.{self._mac(session_id, nonce)}"

    def fits(self, token: str, session_id: str) -> bool:
        nonce, _, mac = token.partition(".")
        return hmac.compare_digest(mac, self._mac(session_id, nonce))

    def _mac(self, session_id: str, nonce: str) -> str:
        return hmac.new(self._form_key, f"{session_id}\0{nonce}".encode(), hashlib.sha256).hexdigest()[:32]
