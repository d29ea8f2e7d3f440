"""Time zones of the pinned tzdata, whatever the machine has, and when their offset changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata

from chassis.businesstime.hours import DAY_SECONDS, UnknownZone

# As 2026a: what a compiled calendar was compiled with.
TZDATA_VERSION: str = tzdata.IANA_VERSION
_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}", re.ASCII)
# A probe a day finds every change of offset: since 1900 no zone has changed twice within 95 hours (tzdata, all zones).
_PROBE_SECONDS = DAY_SECONDS
# The ordinal of the epoch's first day.
EPOCH_ORDINAL = 719_163


@lru_cache(maxsize=1_000)
def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises UnknownZone."""
    if _NAME.fullmatch(name):
        try:
            with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
                return ZoneInfo.from_file(data, key=name)
        except (OSError, ValueError):
            # No such name, a folder of zones ("Europe"), or one of the package's own files.
            pass
    raise UnknownZone("zone", "an IANA time zone such as Europe/Lisbon")


def day_begins(zone: str, day: date) -> int:
    """The first second (since 1970) at which the zone's clocks show this date or a later one. Raises UnknownZone."""
    midnight = (day.toordinal() - EPOCH_ORDINAL) * DAY_SECONDS
    around = 2 * DAY_SECONDS
    for begin, end, offset in offset_pieces(zone_named(zone), midnight - around, midnight + around):
        if midnight - offset < end:
            return max(begin, midnight - offset)
    raise AssertionError("no zone is two days away from UTC")


def offset_pieces(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The span cut where the zone's offset from UTC changes: (begin, end, offset), all in seconds."""
    piece, offset = begin, _offset(zone, begin)
    at = begin
    while at < end:
        ahead = min(at + _PROBE_SECONDS, end)
        after = _offset(zone, ahead)
        if after != offset:
            change = _change(zone, at, ahead, offset)
            yield piece, change, offset
            # The probe is repeated from the change on: the zone may have changed again before `ahead`.
            piece, offset, at = change, _offset(zone, change), change
            continue
        at = ahead
    if piece < end:
        yield piece, end, offset


def _change(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """The first second in (low, high] at which the offset is another."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return offset.days * DAY_SECONDS + offset.seconds if offset is not None else 0
