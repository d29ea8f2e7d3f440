"""Feeds the reader of mails with bytes that atheris makes from the samples, guided by the branches they reach.

    pip install atheris
    python -m tests.fuzz.mail FOLDER [-max_total_time=300] [more of libFuzzer's options]

FOLDER takes what reached something new and may be used again. What is found is written as crash-…, timeout-… or oom-… into
the working directory: it becomes a sample in tests/samples/mail and a test. Atheris is no dependency of the tests: few
platforms have it, and it is run by hand.
"""

import shutil
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services.ingest.domain"]):
    from services.ingest.domain.errors import CannotRead
    from services.ingest.domain.intake import mail_dedupe_key
    from services.ingest.domain.mail import House, read_mail
    from services.ingest.domain.tokens import Tokens

_HOUSE = House(Tokens(b"a key that only tests know"), lambda address: address == "support@demo.example")
_SAMPLES = Path(__file__).parents[1] / "samples" / "mail"
# Longer input is slower and reaches little more.
_OPTIONS = ("-max_len=16384", "-timeout=10", "-rss_limit_mb=1024")


def read_one(raw: bytes) -> None:
    """Read the bytes as a mail; whatever they are, it is read or refused, can be stored, and what is shown of it is of it."""
    mail_dedupe_key(raw)
    try:
        message = read_mail(raw, "anna@client.example", _HOUSE)
    except CannotRead:
        return
    words: tuple[str, ...] = (message.subject, message.text, message.html, message.said, message.said_html)
    words += tuple(file.name for file in message.attachments)
    for word in words:
        if "\0" in word:
            raise AssertionError("a NUL is left")
        word.encode()
    if len(message.said) > len(message.text):
        raise AssertionError("more was said than there is")


def main() -> None:
    """Begin from the samples and go on until somebody ends it, or -max_total_time does."""
    folders = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    for folder in folders[:1]:
        folder.mkdir(parents=True, exist_ok=True)
        for sample in _SAMPLES.glob("*.eml"):
            shutil.copy(sample, folder)
    atheris.Setup([sys.argv[0], *_OPTIONS, *sys.argv[1:]], read_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
