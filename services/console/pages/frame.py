"""What surrounds every page: who asks, in which words, with which tokens; and how its answer is made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, urlencode
from zoneinfo import available_timezones

from flask import Response, g, request

from services.console.application.directory import Directory, Names
from services.console.application.macros import Macro
from services.console.application.ports import Desk
from services.console.domain.tickets import Agent
from services.console.pages.assets import Assets
from services.console.pages.renderer import Renderer
from services.console.pages.sessions import SessionKeeper
from services.console.pages.translations import LANGUAGES, best_language
from services.console.pages.words import Words

THEMES = ("light", "dark")
DENSITIES = ("cosy", "compact")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose on this device. Empty: the system's theme, the agent's or the browser's language."""

    language: str = ""
    theme: str = ""
    density: str = ""
    zone: str = ""
    are_keys_on: bool = True

    @classmethod
    def parse(cls, cookie: str) -> "Preferences":
        """Whatever is not one of the choices counts as not chosen."""
        chosen = dict(parse_qsl(cookie))
        zone = chosen.get("zone", "")
        return cls(
            language=_one_of(chosen.get("lang", ""), LANGUAGES),
            theme=_one_of(chosen.get("theme", ""), THEMES),
            density=_one_of(chosen.get("density", ""), DENSITIES),
            zone=zone if zone in available_timezones() else "",
            are_keys_on=chosen.get("keys") != "0",
        )

    def cookie(self) -> str:
        chosen = {
            "lang": self.language,
            "theme": self.theme,
            "density": self.density,
            "zone": self.zone,
            "keys": "" if self.are_keys_on else "0",
        }
        return urlencode({name: value for name, value in chosen.items() if value})


def _one_of(value: str, choices: tuple[str, ...]) -> str:
    return value if value in choices else ""


@dataclass(frozen=True, slots=True)
class Console:
    """Everything the pages share."""

    desk: Desk
    directory: Directory
    sessions: SessionKeeper
    renderer: Renderer
    assets: Assets
    macros: tuple[Macro, ...]
    is_https: bool = False
    site_name: str = "Relaydesk"
    version: str = ""

    @property
    def session_cookie(self) -> str:
        return "__Host-session" if self.is_https else "session"


@dataclass(slots=True)
class Frame:
    """One request."""

    console: Console
    preferences: Preferences
    words: Words
    agent: Agent | None
    session_id: str
    names: Names
    _token: str = field(default="")

    @property
    def csrf(self) -> str:
        if not self._token:
            self._token = self.console.sessions.form_token(self.session_id)
        return self._token

    @property
    def me(self) -> Agent:
        """The agent behind a page that asks for one; the gate let nobody else through."""
        assert self.agent is not None
        return self.agent


def frame() -> Frame:
    return cast("Frame", g.frame)


def open_frame(console: Console) -> Frame:
    """Read who asks from the cookies. Nobody signed in: no names are asked for."""
    preferences = Preferences.parse(request.cookies.get("prefs", ""))
    session = console.sessions.read(request.cookies.get(console.session_cookie, ""))
    agent, names = None, Names()
    if session is not None:
        names = console.directory.names()
        agent = names.signed_in(session.agent)
    language = preferences.language or (agent.language if agent else "")
    if language not in LANGUAGES:
        language = best_language(request.headers.get("Accept-Language", ""))
    words = Words(language, preferences.zone or "UTC", console.desk.clock.now())
    session_id = session.session_id if session and agent else request.cookies.get("door", "")
    return Frame(console, preferences, words, agent, session_id, names)


def is_partial() -> bool:
    """Whether htmx asks for a part; going back through history asks for the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def page(template: str, status: int = 200, **context: object) -> Response:
    """A whole page or a part of one, with what every template may use."""
    here = frame()
    html = here.console.renderer.render(
        template,
        here.words,
        agent=here.agent,
        names=here.names,
        preferences=here.preferences,
        csrf=here.csrf,
        now=here.words.now,
        site_name=here.console.site_name,
        version=here.console.version,
        has_sink=here.console.desk.sink is not None,
        path=request.path,
        **context,
    )
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Vary"] = "HX-Request"
    return response


def announce(response: Response, events: Mapping[str, object]) -> Response:
    """Events that console.js hears once the answer is in the page; header text must be ASCII."""
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def toast(response: Response, text: str, *, is_bad: bool = False) -> Response:
    return announce(response, {"toast": {"text": text, "bad": is_bad}})
