"""The languages the console speaks; the .po files are read at start, so that there is nothing to compile or forget."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent.parent / "locale"
LANGUAGES = ("en", "pt", "ru")
NAMES = {"en": "English", "pt": "Português", "ru": "Русский"}


@cache
def translations(language: str) -> NullTranslations:
    """The language's sentences; English stands in the code itself."""
    if language == "en":
        return NullTranslations()
    path = FOLDER / language / "LC_MESSAGES" / "console.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def best_language(accepted: str) -> str:
    """The first language of an Accept-Language header that the console speaks, else English."""
    for choice in accepted.split(","):
        tag = choice.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return "en"
