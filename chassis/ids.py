"""Identifiers that sort by the moment they were made."""

import os

from chassis.clock import epoch_milliseconds


def new_id() -> str:
    """A new identifier: 32 hex digits, the first 12 the milliseconds since 1970 (as UUID version 7, RFC 9562).

    Time-ordered, so that new rows land at the right edge of an index; 80 random bits keep two makers apart.
    """
    return f"{epoch_milliseconds():012x}{os.urandom(10).hex()}"
