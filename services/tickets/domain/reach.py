"""Whether mail reaches somebody, as the bounces of what we sent tell."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

GOOD = "good"
SOFT_BOUNCING = "soft_bouncing"
BAD = "bad"

# So many temporary failures within this time, and nothing heard from the person in between, are as good as a lasting one.
SOFT_BOUNCES = 3
WITHIN = timedelta(days=7)
# Lasting failures that blame the mail or its sender, not the address (RFC 3463: full, too large, system, content, policy).
_NOT_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.", "5.6.", "5.7.")
_LONGEST_REASON = 300
# RFC 3463 and the registry of its codes: the address is wrong, has moved or is disabled. Other codes of the same subject
# blame the sender (5.1.7, 5.1.8) or, at some providers, the day's limit (5.1.90). Not within an address of a network.
_NO_SUCH_ADDRESS = re.compile(r"(?<![\d.])5\.(1\.(1|2|3|6|10)|2\.1)(?!\.?\d)")


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
        why = ", ".join(part for part in (code, reason) if part)[:_LONGEST_REASON]
        if self.state == BAD:
            return self
        if kind == "hard" and not code.startswith(_NOT_THE_ADDRESS):
            return Reach(BAD, why, at)
        recent = (*(earlier for earlier in self.soft_bounces if at - earlier < WITHIN), at)[-SOFT_BOUNCES:]
        state = BAD if len(recent) == SOFT_BOUNCES else SOFT_BOUNCING
        return Reach(state, why, recent[0], recent)


REACHED = Reach()


def blames_address(refusal: str) -> bool:
    """A server that refused a mail at once, in these words, said that the recipient's address is of no use."""
    return _NO_SUCH_ADDRESS.search(refusal) is not None
