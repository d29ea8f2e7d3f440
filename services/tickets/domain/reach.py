"""Whether mail reaches somebody, as the bounces of what we sent tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

GOOD = "good"
SOFT_BOUNCING = "soft_bouncing"
BAD = "bad"

# So many temporary failures within this time, and nothing heard from the person in between, are as good as a lasting one.
SOFT_BOUNCES = 3
WITHIN = timedelta(days=7)
_LONGEST_REASON = 300
# The address is wrong, has moved, is switched off, or its domain takes no mail; 5.4.1 is what Exchange says of an address
# that is not there. All others blame the mail, its sender (5.1.7, 5.1.8), somebody's rules or, at some providers, the
# day's limit (5.1.90, 5.4.5), or leave it open (5.0.0). RFC 3463, RFC 7505, and the registry of their codes at IANA.
_NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.1", "5.4.4"})


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether mail reaches an address; `since` is when the first of the bounces came that made it so."""

    state: str = GOOD
    reason: str = ""
    since: datetime | None = None
    # When temporary failures were reported, oldest first.
    soft_bounces: tuple[datetime, ...] = ()

    def bounced(self, kind: str, code: str, reason: str, at: datetime) -> "Reach":
        """What a hard or soft bounce makes of it. An address that is bad stays so until its owner writes."""
        # A server's own words begin with its code more often than not.
        why = ", ".join(part for part in ("" if code in reason else code, reason) if part)[:_LONGEST_REASON]
        if self.state == BAD:
            return self
        if kind == "hard" and blames_address(code):
            return Reach(BAD, why, at)
        recent = (*(earlier for earlier in self.soft_bounces if at - earlier < WITHIN), at)[-SOFT_BOUNCES:]
        state = BAD if len(recent) == SOFT_BOUNCES else SOFT_BOUNCING
        return Reach(state, why, recent[0], recent)


REACHED = Reach()


def blames_address(code: str) -> bool:
    """A lasting failure with this code says that the recipient's address is of no use, whoever reports it."""
    return code in _NO_SUCH_ADDRESS
