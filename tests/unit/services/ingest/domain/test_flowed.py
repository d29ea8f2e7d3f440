"""Lines wrapped for the road are joined again, as RFC 3676 has it."""

import pytest

from services.ingest.domain.flowed import join_flowed
from services.ingest.domain.mail import read_mail
from tests.unit.services.ingest.samples import HOUSE, mail

JOINED = {
    "a paragraph": ("one \ntwo \nthree\nfour", "one two three\nfour"),
    "a blank line parts paragraphs that were left open": ("one \n\ntwo", "one\n\ntwo"),
    "a stuffed space goes": (" From here\n >no quote", "From here\n>no quote"),
    "a quote keeps its depth": ("> one \n> two\nmine", "> one two\nmine"),
    "another depth is another paragraph": (">> one \n> two \nmine", ">> one\n> two\nmine"),
    "the line above a signature stands alone": ("bye \n-- \nAnna", "bye\n-- \nAnna"),
    "an open paragraph at the end is kept": ("one \ntwo ", "one two"),
    "nothing to join": ("one\ntwo", "one\ntwo"),
}


@pytest.mark.parametrize("name", JOINED)
def test_wrapped_lines_are_joined(name: str) -> None:
    wrapped, joined = JOINED[name]
    assert join_flowed(wrapped, False) == joined


def test_a_space_that_only_marks_the_wrap_is_deleted_where_the_sender_says_so() -> None:
    assert join_flowed("注文はど \nこですか", True) == "注文はどこですか"


def test_a_mail_that_says_flowed_is_read_so() -> None:
    flowed = mail(
        "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes", text="a long  \r\nline"
    )
    assert read_mail(flowed, None, HOUSE).text == "a long line"


def test_a_mail_that_does_not_say_flowed_keeps_its_lines() -> None:
    assert read_mail(mail(text="one \r\ntwo"), None, HOUSE).text == "one \ntwo"
