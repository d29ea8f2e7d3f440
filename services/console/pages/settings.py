"""What a person may choose: language, light or dark, density, time zone, single-letter keys."""

from dataclasses import replace
from zoneinfo import available_timezones

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from services.console.pages.frame import DENSITIES, THEMES, Console, frame, page
from services.console.pages.sign_in import keep_preferences
from services.console.pages.translations import LANGUAGES


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("settings", __name__)

    @pages.get("/settings")
    def show() -> Response:
        return form()

    @pages.post("/settings")
    def save() -> Response | WerkzeugResponse:
        sent, old = request.form, frame().preferences
        zone = sent.get("zone", "")
        if zone and zone not in available_timezones():
            return form(422, wrong_zone=zone)
        chosen = replace(
            old,
            language=pick(sent.get("language", ""), LANGUAGES),
            theme=pick(sent.get("theme", ""), THEMES),
            density=pick(sent.get("density", ""), DENSITIES),
            zone=zone,
            are_keys_on=sent.get("keys") == "1",
        )
        response = redirect("/settings?saved=1", 303)
        keep_preferences(response, chosen)
        return response

    return pages


def form(status: int = 200, *, wrong_zone: str = "") -> Response:
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return page(
        "settings.html",
        status,
        current="settings",
        themes=THEMES,
        densities=DENSITIES,
        zones=zones,
        wrong_zone=wrong_zone,
        is_saved="saved" in request.args,
    )


def pick(value: str, choices: tuple[str, ...]) -> str:
    return value if value in choices else ""
