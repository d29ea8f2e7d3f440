"""Sentences are whole in every language."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.console.domain.tickets import FieldChange
from services.console.pages.words import Words
from tests.fakes import console_samples as samples

ROOT = Path(__file__).parents[4]


def words(language: str = "en", zone: str = "Europe/Lisbon") -> Words:
    return Words(language, zone, samples.NOW)


def test_every_sentence_is_translated_into_every_language() -> None:
    answer = subprocess.run(
        [sys.executable, "scripts/words.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""
    assert answer.returncode == 0


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "1 новое"), (2, "2 новых"), (5, "5 новых"), (21, "21 новое")]
)
def test_russian_has_its_three_forms(count: int, shown: str) -> None:
    assert words("ru").ngettext("%(num)d new", "%(num)d new", count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (45, "45 s"),
        (18 * 60, "18 min"),
        (95 * 60, "1 h 35 min"),
        (3600, "1 h"),
        (76 * 3600, "3 d 4 h"),
        (-240, "4 min"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds: int, shown: str) -> None:
    assert words().duration(timedelta(seconds=seconds)) == shown


def test_times_are_in_the_persons_zone() -> None:
    at = datetime(2026, 11, 24, 9, 38, tzinfo=UTC)
    assert words().moment(at) == "9:38"
    assert words(zone="Europe/Moscow").moment(at) == "12:38"


def test_a_moment_of_another_day_has_its_day() -> None:
    assert words().moment(samples.NOW - timedelta(days=43)) == "12 Oct, 11:42"
    assert words("ru", "UTC").moment(samples.NOW - timedelta(days=400)).startswith("20 окт. 2025")


def test_tags_are_told_one_by_one() -> None:
    from services.console.application.directory import Names

    step = FieldChange("tags", "a,b", "b,c")
    assert words().changes([step], Names()) == "tag c, tag a off"


def test_numbers_and_sizes_are_written_as_the_language_has_them() -> None:
    assert words("pt").number(4275) == "4.275"
    assert words().size(184_320) == "184 KB"
    assert words("ru").seconds(0.41) == "0,41 с"
