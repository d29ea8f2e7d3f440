"""The figures that are kept, by name. docs/metrics.md says what each counts; here is the only list of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.reports.domain.histogram import Histogram

OPENED = "opened"
SOLVED = "solved"
REOPENED = "reopened"
MESSAGES_IN = "messages_in"
MESSAGES_IN_AUTOMATIC = "messages_in_automatic"
MESSAGES_OUT = "messages_out"
MESSAGES_OUT_AUTOMATIC = "messages_out_automatic"
ARRIVED = "arrived"
IGNORED = "ignored"
QUARANTINED = "quarantined"
RULES_APPLIED = "rules_applied"
WARNED = "warned"
BREACHED = "breached"
MET = "met"
COUNTS = (
    OPENED,
    SOLVED,
    REOPENED,
    MESSAGES_IN,
    MESSAGES_IN_AUTOMATIC,
    MESSAGES_OUT,
    MESSAGES_OUT_AUTOMATIC,
    ARRIVED,
    IGNORED,
    QUARANTINED,
    RULES_APPLIED,
    WARNED,
    BREACHED,
    MET,
)

FIRST_REPLY = "first_reply"
RESOLUTION = "resolution"
MESSAGE_TO_TICKET = "message_to_ticket"
# The same in the open hours of the ticket's calendar.
FIRST_REPLY_BUSINESS = "first_reply_business"
RESOLUTION_BUSINESS = "resolution_business"
DURATIONS = (FIRST_REPLY, RESOLUTION, MESSAGE_TO_TICKET, FIRST_REPLY_BUSINESS, RESOLUTION_BUSINESS)


@dataclass(slots=True)
class Figures:
    """Counts and durations of one bucket and key. What is not there is 0."""

    counts: dict[str, int] = field(default_factory=dict)
    durations: dict[str, Histogram] = field(default_factory=dict)

    def count(self, name: str, times: int = 1) -> None:
        """Add to a count; less than nothing takes away what moved elsewhere."""
        self.counts[name] = self.counts.get(name, 0) + times

    def measure(self, name: str, value: int) -> None:
        """Add one duration in milliseconds."""
        self.histogram(name).add(value)

    def histogram(self, name: str) -> Histogram:
        """The durations of that name, to be added to."""
        found = self.durations.get(name)
        if found is None:
            found = self.durations[name] = Histogram()
        return found

    def merge(self, other: "Figures") -> None:
        """Add all of the other's."""
        for name, times in other.counts.items():
            self.count(name, times)
        for name, histogram in other.durations.items():
            self.histogram(name).merge(histogram)

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)

    def duration(self, name: str) -> Histogram:
        """The durations of that name, to be read."""
        return self.durations.get(name) or Histogram()

    @property
    def is_zero(self) -> bool:
        """Nothing is counted here, or all of it has moved elsewhere."""
        return not any(self.counts.values()) and not any(h.count for h in self.durations.values())


def merged(figures: Iterable[Figures]) -> Figures:
    """All of them as one."""
    whole = Figures()
    for one in figures:
        whole.merge(one)
    return whole
