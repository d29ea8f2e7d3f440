"""Whole mails as people in many countries write them, judged by exactly what is shown: tests/samples/said."""

import re
from pathlib import Path
from typing import NamedTuple

from services.ingest.domain.mail import read_mail
from tests.unit.services.ingest.samples import HOUSE

_FOLDER = Path("tests/samples/said")
# A sample: what it is on its first line, the body as it was sent, and below a second mark what is shown of it.
_SAMPLE = re.compile(r"^%% (text|html): (.*)\n([\s\S]*?)^%% said\n([\s\S]*?)(?=^%% |\Z)", re.MULTILINE)


class Sample(NamedTuple):
    """A mail and what a person reads of it first."""

    name: str
    kind: str
    body: str
    said: str


def samples() -> list[Sample]:
    """All samples, by language."""
    return [
        Sample(f"{file.stem}: {name}", kind, body, said)
        for file in sorted(_FOLDER.glob("*.txt"))
        for kind, name, body, said in _SAMPLE.findall(file.read_text("utf-8"))
    ]


def shown(sample: Sample) -> str:
    """What the console shows of a mail before anything is unfolded."""
    subtype = "html" if sample.kind == "html" else "plain"
    head = f"From: a@b.example\nSubject: s\nMessage-ID: <1@b.example>\nContent-Type: text/{subtype}; charset=utf-8\n\n"
    message = read_mail((head + sample.body).encode(), None, HOUSE)
    return _plain(message.said or message.text)


def _plain(text: str) -> str:
    # Spaces at ends of lines and how many empty lines stand together are nobody's words.
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\u00a0]+$", "", text, flags=re.MULTILINE)).strip()


# So many are exactly right. A mail that is passed on below more than "FYI" is folded, and a bare name with its company stays
# (docs/decisions/0016).
_FLOOR = 78


def test_what_people_wrote_is_shown_and_nothing_else() -> None:
    found = samples()
    wrong = [one.name for one in found if shown(one) != _plain(one.said)]
    assert len(found) >= 80
    assert len(found) - len(wrong) >= _FLOOR, wrong
