"""How a channel read a message, in a person's language: by which pattern, and why it was taken for spam. The services say it
in English, with what the mailbox's own settings call things."""

import re
from collections.abc import Callable

from services.console.pages.reasons import in_words, shape_of


def _(text: str) -> str:
    # Marks a sentence for the catalogues.
    return text


_FOUND = "found"
_TRIED = "tried"
_WHY = "why"
_FREE = ("name", "entry", _FOUND, _TRIED, _WHY)
_SENTENCES = tuple(
    (shape_of(sentence, _FREE), sentence)
    for sentence in (
        _("Form “%(name)s”: picked %(found)s."),
        _("Notice “%(name)s”: picked %(found)s."),
        _("Read as ordinary mail, although a pattern is meant for it: %(tried)s."),
        _("Taken for spam: %(why)s."),
        _("Blocked: %(why)s."),
        _("It cannot be read: %(why)s."),
    )
)
_MISSED = _("“%(name)s” found no %(found)s")
_MISSED_SHAPE = shape_of(_MISSED, _FREE)
_BY_LISTS = tuple(
    (shape_of(sentence, _FREE), sentence)
    for sentence in (
        _("the address %(entry)s is on the list"),
        _("the domain %(entry)s is on the list"),
        _("it carries %(entry)s"),
        _("our mail server found %(entry)s"),
    )
)
# What a pattern picks, by the names that its settings have for it.
_PICKED = {
    "name": _("name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "external_id": _("id in the other system"),
    "subject": _("subject"),
    "text": _("text"),
    "conversation": _("conversation"),
    "nothing": _("nothing"),
    "proof that it comes from its sender": _("proof that it comes from its sender"),
    "e-mail, phone or external id of whoever wrote": _("e-mail, phone or external id of whoever wrote"),
}
# What lists say of a mail stands behind what a pattern says of it.
_OF_LISTS = re.compile(r"(.+\.) ((?:Taken for spam|Blocked): .+)", re.DOTALL)


def explained(explanation: str, gettext: Callable[[str], str]) -> str:
    """The explanation in the language of `gettext`; what nobody has words for stays as it is."""
    if (both := _OF_LISTS.fullmatch(explanation)) is not None:
        return " ".join(_sentence(part, gettext) for part in both.groups())
    return _sentence(explanation, gettext)


def _sentence(text: str, gettext: Callable[[str], str]) -> str:
    for shape, sentence in _SENTENCES:
        if (found := shape.fullmatch(text)) is not None:
            held = {name: _held(name, value, gettext) for name, value in found.groupdict().items()}
            return gettext(sentence) % held
    return text


def _held(name: str, value: str, gettext: Callable[[str], str]) -> str:
    if name == _FOUND:
        return _picked(value, gettext)
    if name == _TRIED:
        return "; ".join(_missed(one, gettext) for one in value.split("; "))
    if name == _WHY:
        for shape, sentence in _BY_LISTS:
            if (found := shape.fullmatch(value)) is not None:
                return gettext(sentence) % found.groupdict()
        return in_words(value, gettext)
    return value


def _missed(text: str, gettext: Callable[[str], str]) -> str:
    found = _MISSED_SHAPE.fullmatch(text)
    if found is None:
        return text
    return gettext(_MISSED) % {"name": found["name"], _FOUND: _picked(found[_FOUND], gettext)}


def _picked(names: str, gettext: Callable[[str], str]) -> str:
    if names in _PICKED:
        return gettext(_PICKED[names])
    # Fields have names that the company gave them.
    return ", ".join(
        gettext(_PICKED[name]) if name in _PICKED else name.removeprefix("fields.")
        for name in names.split(", ")
    )
