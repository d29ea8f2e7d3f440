"""Templates in a person's language; pages and the stream render the same parts by it."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.console.domain.bands import band_of
from services.console.domain.language import language_of
from services.console.domain.tickets import AT_REST, PRIORITIES, STATUSES
from services.console.pages import mail_text
from services.console.pages.assets import Assets
from services.console.pages.faces import hue, initials, kind_icon, status_mark
from services.console.pages.query import address
from services.console.pages.translations import LANGUAGES, NAMES, translations
from services.console.pages.words import Words

FOLDER = Path(__file__).parent.parent / "templates"


def names_of(values: Sequence[str], name: Callable[[str], str]) -> list[str]:
    """Each value's name."""
    return [name(value) for value in values]


class Renderer:
    """One environment a language: a template's sentences are looked up where it is rendered, on any thread."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self.environment: Callable[[str], Environment] = cache(self._environment)

    def render(self, template: str, words: Words, **context: object) -> str:
        return self.environment(words.language).get_template(template).render(w=words, **context)

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            auto_reload=False,
        )
        # newstyle: holes are named and escaped by the environment.
        environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
        environment.globals |= {
            "address": address,
            "asset": self._assets.url,
            "sprite": Markup((FOLDER / "parts/sprite.svg").read_text().strip()),
            "marks": Markup((FOLDER / "parts/marks.svg").read_text().strip()),
            "initials": initials,
            "hue": hue,
            "kind_icon": kind_icon,
            "status_mark": status_mark,
            "band_of": band_of,
            "language_of": language_of,
            "names_of": names_of,
            "paper": mail_text.paper,
            "remote_images": mail_text.count_remote_images,
            "statuses": STATUSES,
            "at_rest": AT_REST,
            "priorities": PRIORITIES,
            "languages": LANGUAGES,
            "language_names": NAMES,
        }
        return environment
