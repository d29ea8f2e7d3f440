"""The ways in which ingest says no."""


class CannotRead(Exception):
    """There is nothing in the raw bytes that could be shown to a person; the message belongs in quarantine."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        # For a person to read, without anything from the message itself.
        self.reason = reason
