"""What is shown of a mail, and what is kept as a file: the shapes that mails come in."""

import base64
import binascii
import html
import io
import zipfile

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.samples import HOUSE, mail


def read(*lines: str, text: str) -> ReceivedMessage:
    return read_mail(mail(*lines, text=text), None, HOUSE)


def multipart(kind: str, *parts: str) -> str:
    body = "".join(f"--{kind}b\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={kind}b\r\n\r\n{body}--{kind}b--\r\n"


def part(mime_type: str, text: str, *lines: str) -> str:
    return "\r\n".join((f"Content-Type: {mime_type}", *lines, "", text))


def read_parts(kind: str, *parts: str) -> ReceivedMessage:
    head, _, body = multipart(kind, *parts).partition("\r\n\r\n")
    return read(head, text=body)


def names(message: ReceivedMessage) -> list[str]:
    return [file.name for file in message.attachments]


INNER = "From: boss@bank.example\r\nSubject: Inner\r\n\r\nThe inner words."


# ------------------------------------------------------------------------------------------------- enclosed mails


def test_an_enclosed_mail_is_read_where_the_outer_says_nothing() -> None:
    message = read_parts("mixed", part("text/plain", " "), part("message/rfc822", INNER))
    assert message.text == "The inner words."
    assert names(message) == ["Inner.eml"]


def test_an_enclosed_mail_is_only_a_file_where_the_outer_has_words() -> None:
    message = read_parts("mixed", part("text/plain", "Please look."), part("message/rfc822", INNER))
    assert message.text == "Please look."


def test_two_hundred_enclosed_mails_within_each_other_are_survived() -> None:
    nested = "Content-Type: message/rfc822\r\n\r\n" * 200 + INNER
    message = read_mail(f"From: a@b.example\r\nSubject: deep\r\n{nested}".encode(), None, HOUSE)
    assert message.subject == "deep"
    assert names(message) == ["message.eml"]
    assert b"The inner words." in message.attachments[0].content


def test_a_report_without_words_for_people_shows_what_it_tells_machines() -> None:
    message = read_parts("report", part("message/delivery-status", "Action: failed\r\nStatus: 5.1.1"))
    assert message.text == "Action: failed\nStatus: 5.1.1"


# ----------------------------------------------------------------------------------------------------- alternatives


def test_of_alternatives_one_text_and_the_html_are_kept() -> None:
    message = read_parts("alternative", part("text/plain", "plain"), part("text/html", "<p>rich</p>"))
    assert (message.text, message.html) == ("plain", "<p>rich</p>")


def test_an_alternative_made_of_several_texts_is_kept_whole() -> None:
    mixed = multipart("mixed", part("text/plain", "one"), part("text/plain", "two"))
    assert read_parts("alternative", mixed, part("text/html", "<p>rich</p>")).text == "one\n\ntwo"


def test_a_view_for_watches_or_for_one_mail_program_is_no_file() -> None:
    message = read_parts(
        "alternative",
        part("text/plain", "plain"),
        part("text/x-amp-html", "<html amp4email>"),
        part("text/watch-html", "<b>plain</b>"),
        part("text/html", "<p>rich</p>"),
    )
    assert (message.text, message.html, message.attachments) == ("plain", "<p>rich</p>", ())


def test_enriched_text_is_read_without_its_marks() -> None:
    enriched = "<bold>Now</bold> is <<the> <color><param>red</param>time</color>"
    assert read("Content-Type: text/enriched", text=enriched).text == "Now is <the> time"


# ----------------------------------------------------------------------------------------------------- signed, sealed


def test_a_detached_signature_leaves_the_text_readable_and_is_told() -> None:
    signature = part(
        "application/pkcs7-signature; name=smime.p7s", "c2ln", "Content-Transfer-Encoding: base64"
    )
    message = read_parts("signed", part("text/plain", "Signed words."), signature)
    assert (message.text, names(message), message.flags) == ("Signed words.", ["smime.p7s"], ("signed",))


@pytest.mark.parametrize(("smime_type", "flag"), [("signed-data", "signed"), ("enveloped-data", "encrypted")])
def test_an_opaque_mail_is_kept_whole_and_told(smime_type: str, flag: str) -> None:
    kind = f"Content-Type: application/pkcs7-mime; smime-type={smime_type}; name=smime.p7m"
    message = read(kind, "Content-Transfer-Encoding: base64", text="b3BhcXVl")
    assert [(file.name, file.content) for file in message.attachments] == [("smime.p7m", b"opaque")]
    assert message.flags == (flag,)


@pytest.mark.parametrize(("armour", "flag"), [("MESSAGE", "encrypted"), ("SIGNED MESSAGE", "signed")])
def test_pgp_in_the_text_is_kept_line_by_line_and_told(armour: str, flag: str) -> None:
    text = f"-----BEGIN PGP {armour}-----\r\n\r\nhQEMA \r\n3fVq\r\n-----END PGP {armour}-----"
    message = read("Content-Type: text/plain; format=flowed", text=text)
    assert message.text == text.replace("\r\n", "\n")
    assert message.flags == (flag,)


def test_pgp_parts_that_a_gateway_took_apart_are_still_told_encrypted() -> None:
    message = read_parts(
        "mixed",
        part("application/pgp-encrypted; name=version.txt", "Version: 1"),
        part("application/octet-stream; name=encrypted.asc", "-----BEGIN PGP MESSAGE-----"),
    )
    assert names(message) == ["version.txt", "encrypted.asc"]
    assert message.flags == ("encrypted",)


# ------------------------------------------------------------------------------------------------------------ files


def test_a_file_written_into_the_text_is_taken_out() -> None:
    lines = "".join(binascii.b2a_uu(b"GIF89a" * 7).decode() for _ in range(2)).replace("\n", "\r\n")
    message = read(text=f"Before\r\nbegin 644 pict.gif\r\n{lines}`\r\nend\r\nAfter")
    assert message.text == "Before\nAfter"
    assert [(file.name, file.content) for file in message.attachments] == [("pict.gif", b"GIF89a" * 14)]


@pytest.mark.parametrize(
    "text", ["begin 644 a.gif\nM-no end", "begin 1 the day\nwell\nend", "begin 644 a\nend"]
)
def test_what_only_looks_like_a_file_stays_text(text: str) -> None:
    message = read(text=text)
    assert (message.text, message.attachments) == (text, ())


def test_the_second_half_of_an_apple_file_is_left_out() -> None:
    double = multipart(
        "appledouble",
        part("application/applefile; name=a.pdf", "icon"),
        part("application/pdf; name=a.pdf", "pdf"),
    )
    message = read_parts("mixed", part("text/plain", "See."), double)
    assert [(file.name, file.content) for file in message.attachments] == [("a.pdf", b"pdf")]


@pytest.mark.parametrize(
    ("written", "content_id"),
    [
        ("cid:a%25b%40c&amp;d", "<a%b@c&d>"),
        ("CID:Logo", "<Logo>"),
        ("cid:image 1", "image 1"),
        ("cid:a'b", "<a'b>"),
    ],
)
def test_an_image_is_found_however_its_content_id_is_written(written: str, content_id: str) -> None:
    message = read_parts(
        "related",
        part("text/html", f'<img src="{written}">'),
        part("image/png", "png", f"Content-ID: {content_id}"),
    )
    assert html.unescape(message.html).startswith(f'<img src="cid:{message.attachments[0].content_id}"')
    assert message.attachments[0].is_inline


def test_an_archive_is_never_unpacked() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    bomb = kept.getvalue()
    encoded = base64.encodebytes(bomb).decode()
    kind = "Content-Type: application/zip; name=bomb.zip"
    message = read(kind, "Content-Transfer-Encoding: base64", text=encoded)
    assert message.attachments[0].content == bomb


NAMES = {
    "a path": ("/etc/passwd", "_etc_passwd"),
    "a path of Windows": ("C:\\temp\\a.txt", "C_temp_a.txt"),
    "a climb": ("../../a.txt", "_.._a.txt"),
    "control characters": ("a\x01\x1b[31m.txt", "a[31m.txt"),
    "a turned direction": ("photo\u202egpj.exe", "photogpj.exe"),
    "invisible characters": ("a\u200b\u2066b\ufeff.pdf", "ab.pdf"),
    "a line separator": ("a\u2028b.pdf", "a_b.pdf"),
    "only dots": ("...", "part-1.pdf"),
    "three hundred letters": ("x" * 300 + ".pdf", "x" * 188 + ".pdf"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_is_made_safe(name: str) -> None:
    given, safe = NAMES[name]
    encoded = "".join(f"%{byte:02X}" for byte in given.encode())
    disposition = f"Content-Disposition: attachment; filename*=utf-8''{encoded}"
    message = read("Content-Type: application/pdf", disposition, text="x")
    assert names(message) == [safe]


# ------------------------------------------------------------------------------------------------- what is not true


def test_words_that_are_called_base64_are_read_as_they_are() -> None:
    message = read("Content-Transfer-Encoding: base64", text="Hello, where is my order?")
    assert message.text == "Hello, where is my order?"


@pytest.mark.parametrize("encoding", ['"base64"', "BASE64; x=y", "base64 (as it is)", " Base64"])
def test_an_encoding_is_understood_though_decorated(encoding: str) -> None:
    assert read(f"Content-Transfer-Encoding: {encoding}", text="SGVsbG8=").text == "Hello"


def test_a_page_without_a_type_is_read_as_one() -> None:
    assert read(text="<!DOCTYPE html><body><p>Hi <b>you</b></p></body>").html == "<p>Hi <b>you</b></p>\n"


def test_a_mark_of_byte_order_in_front_does_not_cost_the_first_field() -> None:
    message = read_mail("\ufeffFrom: anna@client.example\r\n\r\nwords".encode(), None, HOUSE)
    assert message.author.email == "anna@client.example"


def test_a_footer_below_base64_does_not_spoil_the_text() -> None:
    text = "0JPQtNC1INC80L7QuSDQt9Cw0LrQsNC3\r\n-- \r\nSent through a list of people"
    kind = "Content-Type: text/plain; charset=utf-8"
    assert read(kind, "Content-Transfer-Encoding: base64", text=text).text == "Где мой заказ"


def test_a_page_without_any_header_is_shown_though_its_styles_look_like_fields() -> None:
    page = b"<html><style>\np\n{\nmargin: 0px\n}\n</style>\n<p>Hi</p>"
    assert read_mail(page, None, HOUSE).text == "Hi"


# ------------------------------------------------------------------------------------------------------------ limits


def test_fifty_thousand_references_are_cut_to_the_newest_hundred() -> None:
    many = "\r\n ".join(f"<{n}@x.example>" for n in range(50_000))
    message = read(f"References: {many}", text="words")
    assert len(message.thread.references) == 100
    assert message.text == "words"


def test_five_thousand_links_are_read_and_bounded() -> None:
    links = "".join(f'<a href="https://shop.example/{n}">link {n}</a> ' for n in range(5_000))
    message = read("Content-Type: text/html", text=links)
    assert "link 0 <https://shop.example/0>" in message.text
    assert len(message.html.encode()) <= 256 * 1024
    assert len(message.text.encode()) <= 256 * 1024


# ---------------------------------------------------------------------------------------------------- what is new in it

REPLY = "Yes.\r\n\r\nOn 5 Jun 2024, at 10:15, Nora <n@s.example> wrote:\r\n> Has it come?\r\n"
RICH_REPLY = '<p>Yes.</p><blockquote type="cite">On 5 Jun, Nora wrote:<br>Has it come?</blockquote>'


def test_what_is_new_stands_beside_the_whole() -> None:
    message = read_parts("alternative", part("text/plain", REPLY), part("text/html", RICH_REPLY))
    assert (message.said, message.said_html) == ("Yes.", "<p>Yes.</p>")
    assert "Has it come?" in message.text
    assert "Has it come?" in message.html


def test_of_a_mail_in_html_alone_the_text_follows_the_quotes_of_the_html() -> None:
    assert read("Content-Type: text/html", text=RICH_REPLY).said == "Yes."


def test_where_nothing_is_cut_nothing_is_said_twice() -> None:
    message = read_parts("alternative", part("text/plain", "plain"), part("text/html", "<p>rich</p>"))
    assert (message.said, message.said_html) == ("", "")


def test_a_report_is_what_it_quotes() -> None:
    assert read_parts("report", part("text/plain", REPLY)).said == ""
