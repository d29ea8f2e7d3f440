"""What was newly said, in HTML as mail programs write it."""
# ruff: noqa: E501  (a sample keeps its line)

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain import html
from services.ingest.domain.quotes import said_in_html

SAID = "<div>The lid is broken.</div><div><br></div><div>Can you send another one?</div>"
OLD = "<div>Has it <b>come</b>?</div><div>Nora</div>"

# Client, and what it puts below the answer.
HISTORIES = {
    "gmail": f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Wed, Jun 5, 2024 at 10:15 AM Nora &lt;<a href="mailto:n@s.example">n@s.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">{OLD}</blockquote></div>',
    "gmail-in-a-language-that-nobody-listed": f'<br><div class="gmail_quote"><div class="gmail_attr">Nora hat soeben dies und das<br></div><blockquote class="gmail_quote">{OLD}</blockquote></div>',
    "gmail-before-2018": f'<div class="gmail_extra"><br><div class="gmail_quote">2016-06-05 10:15 GMT+02:00 Nora <span>&lt;n@s.example&gt;</span>:<br><blockquote class="gmail_quote">{OLD}</blockquote></div><br></div>',
    "thunderbird": f'<div class="moz-cite-prefix">Am 05.06.24 um 10:15 schrieb Nora:<br></div><blockquote type="cite" cite="mid:1@s.example">{OLD}</blockquote>',
    "apple-mail": f'<div><br><blockquote type="cite"><div>Le 5 juin 2024 à 10:15, Nora &lt;n@s.example&gt; a écrit :</div><br>{OLD}</blockquote></div>',
    "yahoo": f'<div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Wednesday, Nora said so:</div><div>{OLD}</div></div>',
    "outlook-web": f'<div id="appendonsend"></div><hr style="width:98%"><div id="divRplyFwdMsg"><b>Von:</b> Nora<br><b>Gesendet:</b> Mittwoch<br></div><div>{OLD}</div>',
    "outlook-rule": f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Siuntėjas:</b> Nora<br><b>Laikas:</b> 2024-06-05 10:15<br><b>Gavėjas:</b> Ivo</p></div>{OLD}',
    "outlook-2003": f"<div><hr size=2 width='100%'><p><b>From:</b> Nora [mailto:n@s.example]<br><b>Sent:</b> Wednesday, June 5, 2024 10:15<br><b>To:</b> Ivo<br><b>Subject:</b> Order</p></div>{OLD}",
    "outlook-ios": f'<div id="ms-outlook-mobile-reference-message">{OLD}</div>',
    "outlook-mac": f'<div id="OLK_SRC_BODY_SECTION"><div>Od: Nora</div>{OLD}</div>',
    "mail-ru": f'<br><br>Среда, 5 июня 2024, 10:15 +03:00 от Nora &lt;n@s.example&gt;:<br><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">{OLD}</blockquote>',
    "yandex": f'<div> </div><div>05.06.2024, 10:15, "Nora" &lt;n@s.example&gt;:</div><blockquote>{OLD}</blockquote>',
    "protonmail": f'<div class="protonmail_quote">On Wednesday, June 5th, 2024 at 10:15 AM, Nora &lt;n@s.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">{OLD}</blockquote></div>',
    "hotmail-before-outlook": f"<hr id='stopSpelling'>Date: Wed, 5 Jun 2024 10:15:00 +0200<br>From: n@s.example<br>To: i@l.example<br>Subject: Order<br><br>{OLD}",
    "aol": f"<br>-----Original Message-----<br>From: Nora &lt;n@s.example&gt;<br>To: Ivo<br>Sent: Wed, Jun 5, 2024<br>Subject: Order<br><br>{OLD}",
    "forwarded-with-a-word": f'<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Nora<br>Date: Wed<br></div>{OLD}</div>',
}  # fmt: skip
SIGNATURES = {
    "none": "",
    "gmail": '<br><div class="gmail_signature"><div>Ivo Lang, head of purchasing</div></div>',
    "thunderbird": '<pre class="moz-signature">-- \nIvo Lang</pre>',
    "outlook": '<div id="Signature"><p>Ivo Lang</p></div>',
    "phone": "<div><br></div><div>Sent from my iPhone</div>",
    "formula": "<p>Mit freundlichen Grüßen</p><p>Ivo Lang</p>",
}


def _said(source: str) -> str:
    clean, _ = html.sanitise(source)
    return html.to_text(said_in_html(clean)).strip()


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("name", HISTORIES)
def test_history_and_signature_are_cut(name: str, signature: str) -> None:
    page = f"<html><body>{SAID}{SIGNATURES[signature]}{HISTORIES[name]}</body></html>"
    assert _said(page) == "The lid is broken.\n\nCan you send another one?"


@pytest.mark.parametrize("name", HISTORIES)
def test_a_page_with_nothing_of_its_own_stays_whole(name: str) -> None:
    assert _said(f"<html><body><div><br></div>{HISTORIES[name]}</body></html>") == ""


def test_answers_between_the_quotes_stay() -> None:
    page = (
        '<div class="gmail_quote"><div class="gmail_attr">On Wed, Jun 5, 2024 at 10:15 AM Nora &lt;n@s.example&gt; wrote:</div>'
        '<blockquote class="gmail_quote">Which colour?</blockquote><div>Blue.</div>'
        '<blockquote class="gmail_quote">Which size?</blockquote><div>Large.</div>'
        '<blockquote class="gmail_quote">Yours, Nora</blockquote></div>'
    )
    said = _said(page)
    assert said.endswith("Large.")
    assert all(words in said for words in ("Which colour?", "Blue.", "Which size?"))


def test_an_answer_below_the_quote_is_kept_alone() -> None:
    assert _said(f"{HISTORIES['thunderbird']}<p>It came.</p>") == "It came."


def test_an_indented_paragraph_of_one_s_own_is_no_quote() -> None:
    page = (
        '<div>My address:</div><blockquote style="margin:0 0 0 40px;border:none">Lime street 5</blockquote>'
    )
    assert _said(page) == ""


def test_a_picture_that_was_put_into_the_answer_stays_and_one_that_counts_readers_does_not_matter() -> None:
    shot = '<p>See:</p><p><img src="cid:shot@x"></p>'
    assert 'src="cid:shot@x"' in said_in_html(html.sanitise(shot + HISTORIES["gmail"])[0])
    pixel = '<img src="https://count.example/p" width="1" height="1">'
    assert _said(f"<p>Yes.</p>{HISTORIES['gmail']}{pixel}") == "Yes."


def test_what_is_left_is_well_formed_and_no_empty_boxes_remain() -> None:
    said = said_in_html(html.sanitise(f"<table><tr><td>{SAID}{HISTORIES['gmail']}</td></tr></table>")[0])
    assert said == html.sanitise(said)[0]
    assert "blockquote" not in said


def test_the_sanitiser_keeps_of_classes_only_what_marks_history() -> None:
    clean, _ = html.sanitise('<div class="x gmail_quote y" id="mine"><p class="big">a</p></div>')
    assert clean == '<div class="gmail_quote"><p>a</p></div>'


_PIECES = st.sampled_from([
    "<div>", "</div>", "<p>", "</p>", "<br>", "Hello", "<blockquote type=cite>", "</blockquote>", "quoted", "<hr>", "-- ", "Regards,", "Ivo",
    "<table><tr><td>", "</td></tr></table>", "On 5 Jun 2024, at 10:15, N &lt;n@s.example&gt; wrote:", '<div class="gmail_quote">', "<pre>",
    "</pre>", "\n", "<img src=cid:a>", '<div id="appendonsend">', "From: N &lt;n@s.example&gt;<br>Sent: 5 June<br>To: I<br>Subject: x<br>",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=16))
def test_what_remains_of_any_page_is_harmless_and_in_its_order(pieces: list[str]) -> None:
    clean, _ = html.sanitise("".join(pieces))
    said = said_in_html(clean)
    if said:
        assert html.sanitise(said)[0] == said
        words, all_words = _words(said), _words(clean)
        assert words
        assert any(all_words[at : at + len(words)] == words for at in range(len(all_words)))


def _words(source: str) -> list[str]:
    return re.findall(r"<img|\w+", re.sub(r"<(?!img)[^>]*>", " ", source))


_PIECES = st.sampled_from(
    [
        "<div>", "</div>", "<p>", "</p>", "<b>", "</b>", '<span style="color:red">', "</span>", '<span class="gmail_signature">',
        '<span style="white-space:pre">', "a\nb ", "<br>", "<hr>", "words. ", "&nbsp;", '<blockquote type="cite">', "</blockquote>",
        '<div class="gmail_attr">On Wed, Jun 5, 2024 at 10:15 AM N &lt;n@s.example&gt; wrote:</div>', "<table><tr><td>", "<td>",
        "</table>", "<pre>", "</pre>", "-- <br>", '<a href="http://x.example">', "</a>", '<img src="cid:a">', "Regards<br>Anna",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30))
@settings(max_examples=300, deadline=None)
def test_what_is_kept_is_well_formed_and_stays_when_it_is_cut_again(pieces: list[str]) -> None:
    clean, _ = html.sanitise("".join(pieces))
    said = said_in_html(clean)
    assert html.sanitise(said)[0] == said
    whole = html.to_text(clean)
    assert all(word in whole for word in html.to_text(said).split())


@given(st.lists(_PIECES, max_size=30))
@settings(max_examples=200, deadline=None)
def test_tags_within_a_line_change_no_line(pieces: list[str]) -> None:
    bare = [piece for piece in pieces if not piece.startswith(("<b>", "</b>", "<a ", "</a>"))]
    with_tags = "".join(f"<b>{piece}</b>" if piece[0] != "<" else piece for piece in bare)
    plain, dressed = (html.to_text(said_in_html(html.sanitise(one)[0])) for one in ("".join(bare), with_tags))
    assert dressed == plain
