"""What the pages need of whoever keeps sessions."""

from datetime import timedelta
from typing import Protocol

from services.console.domain.tickets import Agent


class Session(Protocol):
    """A sign-in."""

    @property
    def session_id(self) -> str: ...

    @property
    def agent(self) -> Agent:
        """As of the sign-in."""
        ...


class SessionKeeper(Protocol):
    """Makes and reads session cookies and the tokens of forms."""

    @property
    def lifetime(self) -> timedelta: ...

    def begin(self, agent: Agent) -> Session: ...

    def write(self, session_id: str, agent: Agent) -> str:
        """The cookie's value."""
        ...

    def read(self, cookie: str) -> Session | None:
        """None where it was not written by us, or too long ago."""
        ...

    def form_token(self, session_id: str) -> str: ...

    def fits(self, token: str, session_id: str) -> bool: ...
