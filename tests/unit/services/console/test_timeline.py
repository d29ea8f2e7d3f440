"""A ticket's story and a list's bands."""

from datetime import timedelta

from services.console.domain.bands import bands
from services.console.domain.language import language_of
from services.console.domain.tickets import Clock
from services.console.domain.timeline import Said, Stroke, timeline
from tests.fakes import console_samples as samples

MESSAGES, CHANGES = samples.MESSAGES["id48198"], samples.CHANGES["id48198"]


def test_messages_and_changes_stand_in_the_order_of_the_log() -> None:
    kinds = [type(entry) for entry in timeline(MESSAGES, CHANGES)]
    assert kinds == [Said, Stroke, Said, Said]


def test_changes_with_nothing_said_between_them_stand_together() -> None:
    stroke = timeline(MESSAGES, CHANGES)[1]
    assert isinstance(stroke, Stroke)
    assert [done.actor.name for done in stroke.lines] == ["Customs questions to Export", "Dmitry Orlov"]


def test_a_tab_leaves_one_kind() -> None:
    assert all(isinstance(entry, Said) for entry in timeline(MESSAGES, CHANGES, tab="messages"))
    assert all(isinstance(entry, Stroke) for entry in timeline(MESSAGES, CHANGES, tab="changes"))


def test_a_message_that_the_log_does_not_know_yet_is_shown_all_the_same() -> None:
    entries = timeline(MESSAGES, CHANGES[:-1])
    assert isinstance(entries[-1], Said)
    assert entries[-1].message.message_id == "m3"


def test_bands_part_a_list_by_its_clocks() -> None:
    names = [(band.name, len(band.tickets)) for band in bands(samples.TICKETS, samples.NOW)]
    assert names == [("overdue", 2), ("soon", 5), ("later", 11)]


def test_a_clock_that_stands_still_is_never_late() -> None:
    import dataclasses

    late = Clock("next_reply", samples.NOW - timedelta(hours=1), True, False)
    (band,) = bands([dataclasses.replace(samples.TICKETS[0], clock=late)], samples.NOW)
    assert band.name == "later"


def test_the_language_of_a_text_is_guessed_or_left_open() -> None:
    assert language_of("Хочу изменить имя получателя") == "ru"
    assert language_of("Não recebi a encomenda, obrigado") == "pt"
    assert language_of("Please tell me when it comes") == "en"
    assert language_of("NL-2205-718") == ""
