"""Where the last page of a list ended, as a token that means nothing to whoever carries it."""

import base64
import binascii
from datetime import datetime

from chassis.errors import InvalidField

MOST = 200


def page_size_of(asked: int) -> int:
    """How many rows to answer; 50 where nothing is asked for. Raises InvalidField."""
    if asked < 0 or asked > MOST:
        raise InvalidField("page_size", f"1 to {MOST}", str(asked))
    return asked or 50


def token_of(moment: datetime, row_id: str) -> str:
    """The token of a row's place."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {row_id}".encode()).decode()


def place_of(token: str) -> tuple[datetime, str]:
    """The place that a token means. Raises InvalidField."""
    try:
        moment, _, row_id = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
        return datetime.fromisoformat(moment), row_id
    except (binascii.Error, ValueError):
        raise InvalidField("page_token", "a token that the page before gave") from None
