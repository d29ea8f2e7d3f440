"""A month of letters that reads like one, the same for the same seed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from local.simulation.season import API, OUTAGE, SHOP, SUPPORT, Season, season_of

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


def october(seed: int = 1, letters_a_day: float = 40) -> Season:
    return season_of(OCTOBER, 30, seed, letters_a_day)


def test_the_same_seed_makes_the_same_letters_and_another_seed_others() -> None:
    assert october() == october()
    assert october().letters != october(seed=2).letters


def test_all_letters_come_within_the_season_in_order_and_none_twice() -> None:
    season = october()
    moments = [letter.at for letter in season.letters]
    assert moments == sorted(moments)
    assert season.begin < moments[0]
    assert moments[-1] < season.end == OCTOBER + timedelta(days=30)
    assert len({letter.ref for letter in season.letters}) == len(moments)
    assert len({letter.subject for letter in season.letters}) == len(moments)
    assert all(moment.microsecond == 0 for moment in moments)


def test_one_day_is_ten_times_as_busy_and_weekends_are_quiet() -> None:
    season = october()
    days = Counter(letter.at.date() for letter in season.letters)
    busy = season.busy_day
    assert busy is not None
    others = [count for day, count in days.items() if day != busy and day.weekday() < 5]
    weekends = [count for day, count in days.items() if day.weekday() >= 5]
    assert days[busy] > 5 * sum(others) / len(others)
    assert sum(weekends) / len(weekends) < 0.6 * sum(others) / len(others)


def test_people_sleep_at_night_where_they_live() -> None:
    season = october()
    hours = Counter(
        letter.written_at.astimezone(ZoneInfo(letter.language.zone)).hour for letter in season.letters
    )
    night, morning = sum(hours[hour] for hour in range(5)), sum(hours[hour] for hour in range(9, 14))
    assert night < morning / 10


def test_what_was_written_while_a_mailbox_was_away_comes_together_when_it_is_back() -> None:
    season = october()
    assert season.outage is not None
    down, up = season.outage
    assert up - down == OUTAGE
    mail = [letter for letter in season.letters if letter.channel == SUPPORT]
    assert not [letter for letter in mail if down <= letter.at < up]
    held = [letter for letter in mail if down <= letter.written_at < up]
    assert len(held) > 3
    assert all(letter.at - up <= timedelta(seconds=7) * len(held) for letter in held)
    others = [letter for letter in season.letters if letter.channel != SUPPORT and down <= letter.at < up]
    assert others
    assert all(letter.at == letter.written_at for letter in season.letters if letter not in held)


def test_letters_come_by_every_channel_in_three_languages_and_some_are_spam() -> None:
    season = october()
    assert {letter.channel for letter in season.letters} == {SUPPORT, SHOP, API}
    assert len({letter.language.zone for letter in season.letters}) == 3
    spam = [letter for letter in season.letters if letter.is_spam]
    assert 0 < len(spam) < len(season.letters) / 10
    assert API not in {letter.channel for letter in spam}
    senders = Counter(letter.address for letter in season.letters)
    assert max(senders.values()) > 1


def test_a_season_of_a_weekend_has_neither_a_busy_day_nor_an_outage() -> None:
    season = season_of(datetime(2026, 10, 3, tzinfo=UTC), 2, 1, 200)
    assert (season.busy_day, season.outage) == (None, None)
    assert season.letters
