"""The words by which a ticket is found, and those that a question asks for."""

import re
import unicodedata

from services.tickets.domain.people import Requester, normal_email

MOST_WORDS = 60
LONGEST_WORD = 40
_WORD = re.compile(r"\w+")


def words_of_ticket(subject: str, preview: str, requester: Requester) -> list[str]:
    """Sorted, each once: the words of the subject, the requester's name and the preview, and the address as a whole."""
    found = set(_words(subject))
    found.update(_words(requester.name))
    found.update(_words(preview))
    if len(found) > MOST_WORDS:
        found = set(sorted(found)[:MOST_WORDS])
    if requester.email:
        found.add(requester.email[:254])
    return sorted(found)


def words_of_question(text: str) -> list[tuple[str, bool]]:
    """Each word that must be there, and whether only its beginning counts (`refun*`)."""
    asked: dict[str, bool] = {}
    for part in text.split():
        if "@" in part[1:-1]:
            asked[normal_email(part)[:254]] = False
            continue
        words = _words(part)
        for word in words:
            asked[word] = False
        if words and part.endswith("*"):
            asked[words[-1]] = True
    return list(asked.items())


def _words(text: str) -> list[str]:
    """In lower case, without accents; a long one by its beginning."""
    text = text.casefold()
    if not text.isascii():
        text = "".join(
            letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
        )
    return [word[:LONGEST_WORD] for word in _WORD.findall(text)]
