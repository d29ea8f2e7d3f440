"""The words by which a ticket is found, and those that a question asks for."""

import itertools
import unicodedata
from collections.abc import Iterable

from services.tickets.domain.organisations import domain_of, is_free_mail
from services.tickets.domain.people import Requester, normal_email

MOST_WORDS = 60
LONGEST_WORD = 40
MOST_VALUES = 20
LONGEST_VALUE = 80
_LONGEST_NAME = 200
# More characters than several languages write with, and far less than there are.
_REMEMBERED = 20_000


def words_of_ticket(
    subject: str, preview: str, requester: Requester, values: Iterable[str] = ()
) -> list[str]:
    """Sorted, each once: the words of the subject, the requester's name and the preview, the address as a whole, and
    the words of fields that hold no more than a number or a name."""
    found = set(_words(f"{subject}\n{requester.name}\n{preview}"))
    if len(found) > MOST_WORDS:
        found = set(sorted(found)[:MOST_WORDS])
    short = "\n".join(value for value in itertools.islice(values, MOST_VALUES) if len(value) <= LONGEST_VALUE)
    if short:
        found.update(_words(short)[:MOST_WORDS])
    if requester.email:
        found.add(requester.email[:254])
    return sorted(found)


def words_of_person(name: str, email: str) -> set[str]:
    """The words of a name, and where the address is of an organisation's domain that and those above it as `@example.org`."""
    words = set(_words(name[:_LONGEST_NAME])) if name else set()
    domain = domain_of(email)[:253]
    if domain and not is_free_mail(domain):
        while "." in domain:
            words.add(f"@{domain}")
            domain = domain.partition(".")[2]
    return words


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
        text = unicodedata.normalize("NFKD", text)
    if text.isascii():
        words = text.encode("ascii").translate(_ASCII_IN_WORDS).decode("ascii").split()
    else:
        words = text.translate(_IN_WORDS).split()
    if len(text) > LONGEST_WORD and max(map(len, words), default=0) > LONGEST_WORD:
        return [word[:LONGEST_WORD] for word in words]
    return words


def _within(letter: str) -> str:
    """What a character is within a word: a letter, a digit or `_` itself, a mark upon a letter nothing, all else a gap.

    By tables it takes a fifth of what a pattern for words does, and every new ticket is asked for them.
    """
    if unicodedata.combining(letter):
        return ""
    return letter if letter.isalnum() or letter == "_" else " "


class _InWords(dict[int, str]):
    """The characters that were met, as far as there is room."""

    def __missing__(self, character: int) -> str:
        kept = _within(chr(character))
        if len(self) < _REMEMBERED:
            self[character] = kept
        return kept


_IN_WORDS = _InWords()
_ASCII_IN_WORDS = "".join(map(_within, map(chr, range(128)))).encode("ascii").ljust(256)
