"""What people wrote, in HTML that is ours."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.pages.mail_body import document
from services.console.pages.mail_text import count_remote_images, is_rich, link, paper, paragraphs, rebuild
from tests.fakes import console_samples as samples

MESSAGE = samples.MESSAGES["id48210"][0]


@pytest.mark.parametrize(
    ("html", "rebuilt"),
    [
        ("<p>Hello</p><p>there</p>", "<p>Hello</p><p>there</p>"),
        ("<div>a<br>b</div>", "<p>a<br>b</p>"),
        ("just <b>bold</b> &amp; <i>more</i>", "<p>just <strong>bold</strong> &amp; <em>more</em></p>"),
        ("<ul><li>one</li><li>two</li></ul>", "<ul><li>one</li><li>two</li></ul>"),
        ("<blockquote>old</blockquote>", "<blockquote>old</blockquote>"),
        ("<p onclick='x'>a<script>b</script></p>", "<p>a</p>"),
        ("<a href='javascript:x'>run</a>", "<p>run</p>"),
        ("<b>never closed", "<p><strong>never closed</strong></p>"),
    ],
)
def test_simple_html_is_written_anew(html: str, rebuilt: str) -> None:
    assert rebuild(html) == rebuilt


def test_a_link_shows_its_real_host_where_the_text_names_another() -> None:
    shown = rebuild("<a href='https://evil.example/x'>www.bank.example</a>")
    assert "[evil.example]" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "[" not in rebuild("<a href='https://www.bank.example/x'>bank.example</a>")


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("https://bank.example.evil.example/", "bank.example"),
        ("https://evilbank.example/", "bank.example"),
        ("https://bank.example@evil.example/", "https://bank.example@evil.example/"),
        ("https://b\u0430nk.example/", "https://b\u0430nk.example/"),
        ("https://evil.example/", "x" * 400 + " bank.example"),
    ],
)
def test_a_host_that_only_looks_like_the_one_of_the_text_is_shown(href: str, text: str) -> None:
    assert "<span class='host'>[" in link(href, text)


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("https://shop.bank.example/", "bank.example"),
        ("https://bank.example/x", "our offer"),
        ("https://m\u00fcnchen.example/", "https://m\u00fcnchen.example/"),
        (
            "https://\u043f\u043e\u0447\u0442\u0430.example/",
            "https://\u043f\u043e\u0447\u0442\u0430.example/",
        ),
    ],
)
def test_a_host_that_is_what_the_text_says_is_not_said_twice(href: str, text: str) -> None:
    assert "class='host'" not in link(href, text)


@pytest.mark.parametrize("address", ["https://[oops/x", "https://exa\u2100mple.example/", "http://[::1"])
def test_an_address_that_is_none_is_text(address: str) -> None:
    assert paragraphs(f"See {address} now") == f"<p>See {address} now</p>"


@pytest.mark.parametrize(
    "text",
    [
        "http://" + "a" * 250_000,
        "http://" + "A." * 125_000 + "!",
        "http://" + "." * 250_000,
        "a" + "\n \t" * 80_000 + "b",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    paragraphs(text)
    rebuild(f"<a href='https://evil.example/'>{text}</a>")
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    "html", ["<img " * 50_000, f"<p title='{'<img src= ' * 25_000}'>", f"<img alt='src={' ' * 250_000}'>"]
)
def test_no_html_takes_long_to_be_counted(html: str) -> None:
    begun = time.process_time()
    count_remote_images(replace(MESSAGE, html=html))
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ("<img data-src='https://t.example/x.png'><img src='cid:logo'>", 1),
        ("<img src='//t.example/x.png'><img SRC=' http://t.example/y.png'>", 2),
        ("<p title='<img src=//t.example/x>'>&lt;img src=//t.example/x&gt;</p>", 0),
        ("", 0),
    ],
)
def test_pictures_of_others_are_counted(html: str, count: int) -> None:
    assert count_remote_images(replace(MESSAGE, html=html)) == count


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    shown = str(paragraphs(text))
    for tag in ("<p>", "</p>", "<br>", "</a>"):
        shown = shown.replace(tag, "")
    shown = "".join(shown.split('<a href="http'))
    assert "<" not in shown


@given(st.text(alphabet="<>/abpi ulo=\"'&;s hrefjavascript:\n"))
def test_no_html_becomes_more_than_the_ten_tags(html: str) -> None:
    import re

    names = set(re.findall(r"</?([a-z]+)", str(rebuild(html))))
    assert names <= {"p", "br", "strong", "em", "ul", "ol", "li", "a", "blockquote", "span"}


@pytest.mark.parametrize(
    ("html", "rich"),
    [
        ("<p>plain</p>", False),
        ("<p style='color:red'>red</p>", True),
        ("<table><tr><td>x</td></tr></table>", True),
        ("<img src=x>", True),
        ("<html><body><p>a</p></body></html>", False),
    ],
)
def test_what_the_ten_tags_would_spoil_goes_to_the_frame(html: str, rich: bool) -> None:
    assert is_rich(html) is rich


ANSWER = replace(MESSAGE, html="", text="Yes.\n\nOn Tue, Nora wrote:\n> We have it.", said="Yes.")


def test_what_was_said_is_shown_and_the_whole_is_folded() -> None:
    shown = paper(ANSWER)
    assert (shown.body, shown.is_folded) == ("<p>Yes.</p>", True)
    assert "We have it." in shown.whole


def test_simple_html_is_folded_as_text_is() -> None:
    shown = paper(replace(ANSWER, html="<p>Yes.</p><blockquote>Old</blockquote>", said_html="<p>Yes.</p>"))
    assert shown.body == "<p>Yes.</p>"
    assert shown.whole == "<p>Yes.</p><blockquote>Old</blockquote>"


def test_a_message_of_which_nothing_was_cut_shows_whole() -> None:
    shown = paper(replace(ANSWER, said=""))
    assert "We have it." in shown.body
    assert (shown.whole, shown.is_folded) == ("", False)


def test_where_nothing_to_read_was_left_the_whole_is_shown() -> None:
    shown = paper(replace(ANSWER, html="<p>Old</p>", said_html="<p> </p>"))
    assert (shown.body, shown.is_folded) == ("<p>Old</p>", False)


def test_a_rich_mail_is_folded_in_its_frame() -> None:
    rich = "<table><tr><td>Yes.</td></tr></table>"
    assert paper(replace(ANSWER, html=f"{rich}<blockquote>Old</blockquote>", said_html=rich)).is_folded
    assert not paper(replace(ANSWER, html=rich, said_html="")).is_folded


def test_the_frame_keeps_tables_and_drops_what_runs_or_asks() -> None:
    one = samples.TICKETS[0]
    page = document(one, MESSAGE, samples.HOSTILE_HTML).lower()
    assert "<table" in page
    for word in ("<script", "<svg", "<form", "<iframe", "<object", "<embed", "<video", "http-equiv", "<base", "<link",
                 "hostile/", "onload", "onerror", "javascript:", "hx-get", "@import", "url("):  # fmt: skip
        assert word not in page, word


@pytest.mark.parametrize(
    "href", ["/sign-out", "//evil.example/", "tickets/1", "?tab=all", "#x", "data:text/html,x", ""]
)
def test_a_link_of_a_mail_leads_to_no_page_of_ours(href: str) -> None:
    assert "href=" not in document(
        samples.TICKETS[0], MESSAGE, f"<table><td><a href='{href}'>x</a></td></table>"
    )


@pytest.mark.parametrize(
    "href", ["https://shop.example/", "HTTP://shop.example/", "mailto:a@b.example", "tel:+351"]
)
def test_a_link_with_its_scheme_stays_in_the_frame(href: str) -> None:
    page = document(samples.TICKETS[0], MESSAGE, f"<table><td><a href='{href}'>x</a></td></table>")
    assert f'href="{href}" target="_blank" rel="noopener noreferrer nofollow"' in page


def test_a_link_in_the_frame_shows_its_real_host_where_the_text_names_another() -> None:
    html = (
        "<table><td><a href='https://evil.example/x'><b>www.bank</b>.example</a>"
        "<a href='https://shop.bank.example/'>bank.example</a><a href='https://t.example/'><img src='cid:x'></a></td></table>"
    )
    page = document(samples.TICKETS[0], MESSAGE, html)
    assert page.count("[") == 1
    assert "</a> [evil.example]<a" in page


def test_a_host_cannot_become_markup_in_the_frame() -> None:
    page = document(
        samples.TICKETS[0], MESSAGE, "<table><td><a href='https://<img src=x>.evil/'>bank.example</a></table>"
    )
    assert "<img" not in page


def test_a_picture_of_the_mail_itself_is_shown() -> None:
    picture = replace(
        MESSAGE.attachments[0], content_id="<logo@x>", mime_type="image/png", attachment_id="a1"
    )
    html = "<p><img src='cid:logo@x'><img src='cid:other@x'></p>"
    page = document(samples.TICKETS[0], replace(MESSAGE, attachments=(picture,)), html)
    assert page.count("src=") == 1
    assert 'src="/tickets/48163/pictures/a1"' in page


def test_text_is_preferred_where_there_is_no_html() -> None:
    assert paper(replace(MESSAGE, html="", text="a\n\nb")).body == "<p>a</p><p>b</p>"
