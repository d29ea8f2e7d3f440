"""Passwords by argon2."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Implements the port Passwords."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        # What an address that nobody has is held against, so that it takes as long.
        self._nobody = ""

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def fits(self, password_hash: str, password: str) -> bool:
        if not password_hash:
            self._nobody = self._nobody or self._hasher.hash("nobody")
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)
