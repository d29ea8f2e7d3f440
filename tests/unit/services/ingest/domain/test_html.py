"""HTML from outside can neither run nor load anything."""

import re
import time

import pytest

from services.ingest.domain.html import from_text, sanitise, to_text
from tests.unit.services.ingest.samples import read


def test_nothing_that_runs_survives() -> None:
    html = read("html-that-bites").html.lower()
    for word in (
        "script",
        "onclick",
        "onerror",
        "onload",
        "javascript",
        "<svg",
        "<iframe",
        "<form",
        "<meta",
        "<link",
    ):
        assert word not in html


def test_nothing_loads_by_itself() -> None:
    html = read("html-that-bites").html
    assert not re.search(r"(?<![-\w])(src|srcset|background)=", html)
    assert "url(" not in html


def test_a_remote_image_can_be_shown_later() -> None:
    assert 'data-src="https://tracker.example/p.gif"' in read("html-that-bites").html


def test_an_image_of_the_mail_itself_stays_in_its_place() -> None:
    assert '<img src="cid:logo@client">' in read("inline-image").html


def test_style_keeps_looks_and_drops_positions() -> None:
    html, _ = sanitise('<div style="position:fixed;color:red">x</div>')
    assert html == '<div style="color:red">x</div>'


def test_links_do_not_tell_where_they_were_clicked() -> None:
    html, _ = sanitise('<a href="https://a.example">x</a>')
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    "url", ["javascript:x", "data:text/html,x", "vbscript:x", "JaVaScRiPt:x", "file:///etc/passwd"]
)
def test_a_link_leads_only_where_links_may(url: str) -> None:
    assert "href" not in sanitise(f'<a href="{url}">x</a>')[0]


def test_an_attribute_cannot_pretend_to_be_a_remote_image() -> None:
    html, _ = sanitise('<img alt=\'" src="https://x.example/\' src="cid:a">')
    assert "https://x.example" in html
    assert html.count(' src="') == 1


def test_tables_stay_tables() -> None:
    assert sanitise('<table><tr><td colspan="2">a</td></tr></table>')[0].count("colspan") == 1


def test_a_hundred_thousand_open_tags_cost_little() -> None:
    begun = time.process_time()
    html, _ = sanitise("<div>" * 100_000 + "deep")
    assert "deep" in to_text(html)
    assert time.process_time() - begun < 30


def test_text_becomes_html_that_shows_the_same() -> None:
    text = "1 < 2 & 3\n  indented"
    assert to_text(sanitise(from_text(text))[0]).split() == text.split()


def test_an_unclosed_tag_is_closed() -> None:
    assert sanitise("<b>x")[0] == "<b>x</b>"


def test_words_in_neighbouring_tags_stay_apart_only_where_they_were() -> None:
    assert to_text("<p>un<b>believ</b>able and <i>more</i></p>") == "unbelievable and more"


def test_preformatted_lines_keep_their_breaks() -> None:
    assert to_text("<pre>a\n  b</pre>") == "a\n  b"


def test_lines_of_preformatted_text_stay_within_its_elements_too() -> None:
    assert to_text("<pre>-- \n<b>Ivo\nLang</b></pre><p>a\nb</p>") == "-- \nIvo\nLang\n\na b"
