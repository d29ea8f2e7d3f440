"""The time that pages show and count from.

The console has no store, so it has no database time; nothing is decided by this clock, it only words how late something
is, and browsers count on from the moments themselves.
"""

from datetime import UTC, datetime

from chassis.clock import epoch_milliseconds


class WallClock:
    def now(self) -> datetime:
        return datetime.fromtimestamp(epoch_milliseconds() / 1000, UTC)
