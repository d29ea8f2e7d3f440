"""What it costs to read a mail: its parts, texts and files, what is new in it, and the key that tells it from others."""

import statistics
import time
from collections.abc import Callable

from services.ingest.domain.intake import mail_dedupe_key
from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.tokens import Tokens
from tests.bench.doors import mails

_HOUSE = House(Tokens(b"a key of the benchmark"), lambda address: address == "support@demo.example")
_QUOTE = (
    '<div class="gmail_quote"><div class="gmail_attr">On Fri, Nov 20, 2026 at 9:41 AM Support &lt;support@demo.example&gt; '
    'wrote:<br></div><blockquote class="gmail_quote">' + "<p>Has it come?</p>" * 10 + "</blockquote></div>"
)


def fresh() -> bytes:
    """A mail of 10 KB with text, HTML and an attachment, in which all is new."""
    return mails()("reader")


def answer() -> bytes:
    """The same with a quote below its HTML, which is cut."""
    return fresh().replace(b"</p>\r\n\r\n--", b"</p>" + _QUOTE.encode() + b"\r\n\r\n--", 1)


def line(number: int) -> str:
    """What reading costs, in words; nine rounds of so many mails each."""
    return (
        f"read 10KB {cpu_ms(fresh(), number):7.2f} CPU-ms a mail with attachment (below 1), "
        f"{cpu_ms(answer(), number):.2f} where history is cut"
    )


def cpu_ms(raw: bytes, number: int) -> float:
    """CPU milliseconds that one mail takes: the median of nine rounds of so many."""

    def once() -> None:
        mail_dedupe_key(raw)
        read_mail(raw, "somebody@load.example", _HOUSE)

    return statistics.median(_round(once, number) for _ in range(9))


def _round(act: Callable[[], None], number: int) -> float:
    begun = time.process_time()
    for _ in range(number):
        act()
    return (time.process_time() - begun) * 1000 / number
