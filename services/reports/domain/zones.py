"""Where hours and days begin on the clock of a named zone, in buckets of 15 minutes that no zone of today cuts."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.reports.domain.tally import BUCKET_MINUTES, DAY_MINUTES, bucket_of, minute_of, moment_of

UTC_NAME = "UTC"


def is_zone(name: str) -> bool:
    """Whether tzdata (IANA) has a zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def begin_of_bucket(minute: int, minutes: int, zone: str) -> int:
    """The minute at which the quarter, hour or day that holds a minute begins on the zone's clock.

    A day whose midnight the clock leaps over begins with the leap; an hour that comes twice is two.
    """
    if zone == UTC_NAME or minutes == BUCKET_MINUTES:
        return bucket_of(minute, minutes)
    local = moment_of(minute).astimezone(ZoneInfo(zone)).replace(minute=0, second=0)
    if minutes == DAY_MINUTES:
        # A day that holds one midnight twice begins with the first.
        local = local.replace(hour=0, fold=0)
    return minute_of(local)


def end_of_bucket(minute: int, minutes: int, zone: str) -> int:
    """The first minute after it."""
    if zone == UTC_NAME or minutes == BUCKET_MINUTES:
        return bucket_of(minute, minutes) + minutes
    begin = begin_of_bucket(minute, minutes, zone)
    end = bucket_of(minute) + BUCKET_MINUTES
    while begin_of_bucket(end, minutes, zone) == begin:
        end += BUCKET_MINUTES
    return end
