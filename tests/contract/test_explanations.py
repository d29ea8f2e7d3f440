"""However ingest explains how it read a message, the console says it in every language."""

import re
from collections.abc import Iterator

import pytest

from services.console.pages.words import Words
from services.ingest.application.try_settings import try_settings
from services.ingest.domain import lists
from services.ingest.domain.intake import Envelope, IntakeRow
from services.ingest.domain.patterns import FORM, NOTICE, MailPattern, When
from services.ingest.domain.picking import Outcome, Picked
from services.ingest.domain.received import Author, ReceivedMessage, Screening
from services.ingest.domain.screened import screened
from tests.builders import MONDAY
from tests.fakes import console_samples
from tests.unit.services.ingest.application.desk import Desk

_PICKS = ("name", "email", "phone", "external_id", "subject", "text", "conversation")
_NOT_FOUND = (
    *_PICKS,
    "fields.order_number",
    "proof that it comes from its sender",
    "e-mail, phone or external id of whoever wrote",
)


def _of_patterns() -> Iterator[str]:
    for kind in (FORM, NOTICE):
        pattern = MailPattern("Site form: 24", When(), kind)
        yield Outcome(Picked(pattern, found=(*_PICKS, "fields.order_number"))).explanation
        yield Outcome(Picked(pattern)).explanation
    for what in _NOT_FOUND:
        yield Outcome(missed=(("Site form", what), ("Ozon", "subject"))).explanation


def _of_lists() -> Iterator[str]:
    for verdict in (lists.BLOCK, lists.SPAM):
        for by in (lists.ADDRESS, lists.DOMAIN, lists.HEADER, lists.AUTHENTICATION):
            for before in ("", "Form “Site form”: picked email, subject."):
                message = ReceivedMessage(Author(), explanation=before)
                yield screened(message, Screening(verdict, by, "X-Spam-Flag: YES")).explanation


def _of_trials() -> Iterator[str]:
    desk = Desk()
    row = IntakeRow("i1", "mail", "k", "f", b"poison", "s", Envelope(), MONDAY)
    for tried in try_settings([row], desk.live):
        yield tried.message.explanation


def _all() -> list[str]:
    return [*_of_patterns(), *_of_lists(), *_of_trials()]


@pytest.mark.parametrize("language", ["pt", "ru"])
def test_every_explanation_is_said_in_the_persons_language(language: str) -> None:
    words = Words(language, "UTC", console_samples.NOW)
    explanations = _all()
    assert len(explanations) > 25
    own = re.compile("[“«][^”»]*[”»]|X-Spam-Flag: YES|order_number|poison")
    for explanation in explanations:
        said = words.explanation(explanation)
        left = set(re.findall("[a-z]{3,}", own.sub("", said))) & set(re.findall("[a-z]{3,}", explanation))
        # Words that are the same in both.
        assert left <= {"spam", "text", "mail"}, said
        if language == "ru":
            assert re.search("[а-я]", said), said


def test_in_english_an_explanation_is_what_it_was_but_for_names_of_settings() -> None:
    english = Words("en", "UTC", console_samples.NOW)
    assert english.explanation("Taken for spam: it carries X-Spam-Flag: YES.") == (
        "Taken for spam: it carries X-Spam-Flag: YES."
    )
    assert english.explanation("Form “Site”: picked external_id, fields.order.") == (
        "Form “Site”: picked id in the other system, order."
    )


@pytest.mark.parametrize("odd", ["", "By a reader of another version.", "Form “x", "Blocked: .", "%(name)s"])
def test_what_nobody_has_words_for_stays_as_it_is(odd: str) -> None:
    assert Words("ru", "UTC", console_samples.NOW).explanation(odd) in (odd, "Заблокировано: .")
