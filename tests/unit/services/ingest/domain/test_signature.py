"""The signature of a mailbox."""

from services.ingest.domain.signature import render, unknown_placeholders

ANNA = {"agent.name": "Anna <Support>", "ticket.number": "42"}


def test_placeholders_are_filled_in_text_and_html() -> None:
    text, rich = render("{agent.name}\nTicket {ticket.number}", ANNA)
    assert text == "Anna <Support>\nTicket 42"
    assert rich == "Anna &lt;Support&gt;<br>Ticket 42"


def test_a_signature_in_html_has_a_text_too() -> None:
    text, rich = render('<p><b>{agent.name}</b><br><a href="https://demo.example">Demo</a></p>', ANNA)
    assert text.splitlines()[0] == "Anna <Support>"
    assert '<b>Anna &lt;Support&gt;</b><br><a href="https://demo.example">Demo</a>' in rich


def test_a_signature_in_html_stays_simple() -> None:
    _, rich = render(
        '<p onclick="x()" style="color:red;position:fixed">Hi<script>x()</script></p></div>', ANNA
    )
    assert rich == '<p style="color:red">Hi</p>'


def test_a_line_without_a_value_is_left_out() -> None:
    assert render("{agent.name}\nDemo", {"agent.name": ""})[0] == "Demo"


def test_an_empty_signature_leaves_nothing() -> None:
    assert render("", ANNA) == ("", "")
    assert render("{agent.name}", {}) == ("", "")


def test_a_name_that_looks_like_a_placeholder_stays_a_name() -> None:
    assert (
        render("{agent.name}", {"agent.name": "{ticket.number}", "ticket.number": "1"})[0]
        == "{ticket.number}"
    )


def test_placeholders_that_stand_for_nothing_are_named() -> None:
    assert unknown_placeholders("{agent.name} {agent.mail} {x.y} {agent.mail}") == ["agent.mail", "x.y"]
