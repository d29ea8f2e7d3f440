"""The ways in which ingest says no."""

from collections.abc import Sequence


class CannotRead(Exception):
    """There is nothing in the raw bytes that could be shown to a person; the message belongs in quarantine."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        # For a person to read, without anything from the message itself.
        self.reason = reason


class InvalidBody(Exception):
    """What was posted cannot be taken: (field, what is expected) for each mistake; no field where all of it is wrong."""

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in mistakes))
        self.mistakes = tuple(mistakes)


class ClosedPlace(OSError):
    """A host leads to nothing that may be called at this port. No connection was tried."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is inside, and not among what MAIL_INSIDE lets us call")
