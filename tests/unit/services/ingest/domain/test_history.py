"""What was written before, below an answer."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.ingest.domain.history import LANGUAGES, Earlier, Extent, Style, as_html, as_text, quoted
from services.ingest.domain.quotes import said_in_text

BEGAN = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
ASKED = Earlier("Anna", BEGAN, "Where is it?\n\n> of the shop\nThanks", "<one@client.example>")
ANSWERED = Earlier("Boris", BEGAN + timedelta(hours=1), "On its way.", "<ours@demo.example>")
TALK = (ASKED, ANSWERED)


def style(extent: Extent = Extent.THREAD, language: str = "en", limit: int = 10_000) -> Style:
    return Style(extent, language, UTC, limit)


def test_nothing_is_repeated_where_the_mailbox_wants_nothing() -> None:
    assert quoted(TALK, "", style(Extent.NONE)) == []


def test_the_message_that_is_answered_is_repeated_though_an_agent_wrote_since() -> None:
    (one,) = quoted(TALK, "<one@client.example>", style(Extent.LAST))
    assert one.text.startswith("Where is it?")


def test_the_newest_message_is_repeated_where_none_is_known_to_be_answered() -> None:
    (one,) = quoted(TALK, "<gone@client.example>", style(Extent.LAST))
    assert one.text == "On its way."


def test_a_thread_is_repeated_newest_first() -> None:
    assert [one.text[:5] for one in quoted(TALK, "", style())] == ["On it", "Where"]


def test_what_a_machine_said_is_not_repeated() -> None:
    machine = Earlier("Rule", BEGAN, "We have got your mail.", is_automatic=True)
    assert quoted((machine,), "", style()) == []


def test_a_message_that_does_not_fit_is_cut_at_the_end_of_a_line() -> None:
    long = Earlier("Anna", BEGAN, "one two\nthree four\nfive six")
    (one,) = quoted((long,), "", style(limit=20))
    assert one.text == "one two\n[…]"


@pytest.mark.parametrize("limit", [1, 30, 64, 100])
def test_no_more_is_repeated_than_the_limit(limit: int) -> None:
    talk = [Earlier("Anna", BEGAN, f"Заказ {number}\n" * 3) for number in range(9)]
    assert sum(len(one.text.encode()) for one in quoted(talk, "", style(limit=limit))) <= limit


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "On 23 November 2026 at 12:05, Anna wrote:"),
        ("pt", "Em 23 de novembro de 2026 às 12:05, Anna escreveu:"),
        ("ru", "23 ноября 2026 г. в 12:05 Anna пишет:"),
    ],
)
def test_who_wrote_when_is_said_in_the_language_and_the_hours_of_the_mailbox(
    language: str, line: str
) -> None:
    (one,) = quoted((ASKED,), "", Style(Extent.LAST, language, ZoneInfo("Europe/Moscow"), 1000))
    assert one.attribution == line


def test_a_name_cannot_add_lines_to_the_attribution() -> None:
    (one,) = quoted((Earlier("A\r\n> B", BEGAN, "x"),), "", style())
    assert "\n" not in one.attribution


def test_in_text_every_line_is_marked() -> None:
    shown = as_text(quoted((ASKED,), "", style()))
    assert shown.splitlines()[1:] == ["> Where is it?", ">", ">> of the shop", "> Thanks"]


def test_in_html_a_message_is_a_block_that_gmail_and_apple_mail_fold_away() -> None:
    shown = as_html(quoted((ASKED,), "", style()))
    assert '<blockquote type="cite" class="gmail_quote" style="' in shown
    assert "border-left:1px solid #cccccc" in shown
    assert "Where is it?<br><br>&gt; of the shop<br>Thanks</blockquote>" in shown


def test_what_was_written_cannot_leave_its_block() -> None:
    shown = as_html(quoted((Earlier("<b>A", BEGAN, "</blockquote><script>"),), "", style()))
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert shown.count("</blockquote>") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["Anna", "Анна Каренина", "anna@client.example"])
def test_our_own_history_is_known_for_history_when_it_comes_back(language: str, name: str) -> None:
    talk = (Earlier(name, BEGAN, "Where is it?\nI am waiting."), ANSWERED)
    assert said_in_text("Thanks!\n\n" + as_text(quoted(talk, "", style(language=language)))) == "Thanks!"
