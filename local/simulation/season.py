"""Who writes when: a month of letters, made from a seed and nothing else.

Letters come as a Poisson process whose rate follows the hour where the writer lives and the day of the week. One working
day brings ten times as many. One mailbox is away for some hours; what was written to it meanwhile comes when it is back,
a few seconds apart.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from local.simulation.topics import LANGUAGES, SPAM, Language

SUPPORT, SHOP, API = "support", "shop", "demo-api"
# Channels, with how many of a hundred letters come by each.
_CHANNELS = ((SUPPORT, 60), (SHOP, 18), (API, 22))
# Letters of each hour of a writer's day, as parts of the day.
_HOURS = (1, 1, 0, 0, 0, 1, 3, 6, 9, 12, 13, 12, 9, 9, 11, 11, 10, 8, 7, 7, 8, 7, 4, 2)
_WEEKEND = 0.3
BUSY = 10
_SPAM_SHARE = 0.05
# Who wrote before, of all who begin something.
_RETURNS = 0.15
OUTAGE = timedelta(hours=5)
_BETWEEN_LATE = timedelta(seconds=7)


@dataclass(frozen=True)
class Letter:
    """The first message of somebody who wants something."""

    # Unique, and the same for the same seed.
    ref: str
    # When it comes to the door, and when it was written.
    at: datetime
    written_at: datetime
    channel: str
    language: Language
    name: str
    address: str
    subject: str
    text: str
    is_spam: bool


@dataclass(frozen=True)
class Season:
    """What was chosen, and the letters that follow from it."""

    begin: datetime
    days: int
    seed: int
    # On a working day, about.
    letters_a_day: float
    letters: tuple[Letter, ...]
    # None where the span has too few days for them.
    busy_day: date | None
    outage: tuple[datetime, datetime] | None

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(days=self.days)


def season_of(begin: datetime, days: int, seed: int, letters_a_day: float) -> Season:
    """The season of a seed."""
    chance = random.Random(f"{seed}:season")
    workdays = [day for day in _days(begin, days) if day.weekday() < 5]
    busy = workdays[len(workdays) * 2 // 3] if len(workdays) >= 5 else None
    away: tuple[datetime, datetime] | None = None
    if len(workdays) >= 3:
        morning = datetime.combine(workdays[len(workdays) // 3], datetime.min.time(), UTC)
        back = morning + timedelta(hours=8, minutes=30)
        away = (back, back + OUTAGE)
    letters: list[Letter] = []
    senders: list[tuple[Language, str, str]] = []
    for number, (moment, language) in enumerate(_arrivals(begin, days, letters_a_day, busy, chance), 1):
        letters.append(_letter(f"L{number:05}", moment, language, senders, chance))
    if away is not None:
        letters = list(_held(letters, *away))
    end = begin + timedelta(days=days)
    kept = sorted((one for one in letters if one.at < end), key=lambda one: (one.at, one.ref))
    return Season(begin, days, seed, letters_a_day, tuple(kept), busy, away)


def _days(begin: datetime, days: int) -> list[date]:
    # Whole ones only.
    first = begin.date() if begin.time() == datetime.min.time() else begin.date() + timedelta(days=1)
    last = (begin + timedelta(days=days)).date()
    return [first + timedelta(days=number) for number in range((last - first).days)]


def _arrivals(
    begin: datetime, days: int, a_day: float, busy: date | None, chance: random.Random
) -> Iterator[tuple[datetime, Language]]:
    """By thinning: as many candidates as the busiest hour of the busiest day would bring, each kept as its hour asks."""
    found: list[tuple[datetime, Language]] = []
    weights = sum(weight for _, weight in LANGUAGES)
    for language, weight in LANGUAGES:
        zone = ZoneInfo(language.zone)
        for day in _days(begin - timedelta(days=1), days + 2):
            peak = a_day * weight / weights * max(_HOURS) / sum(_HOURS) / 3600 * (BUSY if day == busy else 1)
            moment = datetime.combine(day, datetime.min.time(), UTC)
            midnight = moment + timedelta(days=1)
            while (moment := moment + timedelta(seconds=chance.expovariate(peak))) < midnight:
                local = moment.astimezone(zone)
                share = _HOURS[local.hour] / max(_HOURS) * (_WEEKEND if local.weekday() >= 5 else 1)
                if chance.random() < share:
                    found.append((moment.replace(microsecond=0), language))
    return (one for one in sorted(found, key=lambda one: one[0]) if begin < one[0])


def _letter(
    ref: str,
    moment: datetime,
    language: Language,
    senders: list[tuple[Language, str, str]],
    chance: random.Random,
) -> Letter:
    order = f"NL-{chance.randrange(1000, 9999)}-{ref[1:]}"
    channel = chance.choices([name for name, _ in _CHANNELS], [share for _, share in _CHANNELS])[0]
    if channel != API and chance.random() < _SPAM_SHARE:
        subject = chance.choice(SPAM).format(order=order)
        address = f"offers{ref.lower()}@bulk.example"
        return Letter(ref, moment, moment, channel, language, "Best offers", address, subject, subject, True)
    topic = chance.choices(language.topics, [topic.weight for topic in language.topics])[0]
    known = [sender for sender in senders[-400:] if sender[0] is language]
    if known and chance.random() < _RETURNS:
        _, name, address = chance.choice(known)
    else:
        name, address = chance.choice(language.names), f"customer{ref.lower()}@{language.domain}"
        senders.append((language, name, address))
    subject, text = topic.subject.format(order=order), topic.text.format(order=order)
    return Letter(ref, moment, moment, channel, language, name, address, subject, text, False)


def _held(letters: list[Letter], down: datetime, up: datetime) -> Iterator[Letter]:
    """What was written to the mailbox while it was away comes when it is back."""
    late = up
    for letter in letters:
        if letter.channel == SUPPORT and down <= letter.at < up:
            late += _BETWEEN_LATE
            yield replace(letter, at=late)
        else:
            yield letter
