"""What mail patterns would pick from the latest mails of a mailbox; nothing is saved here."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request

from chassis.errors import InvalidField, InvalidFields, NotFound, PermissionDenied
from services.console.domain.ingest import Channel
from services.console.domain.screening import Tried
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Part, part

SETTING = "mail_patterns"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where in the patterns, and what was expected."""

    place: str
    expected: str


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("patterns", __name__)

    @pages.get("/channels/<channel_id>/patterns")
    def show(channel_id: str) -> Response:
        found = _find(console, channel_id)
        if found.value is None:
            return _page(channel_id, channel_id, "", Part(failure=found.failure))
        return _tried(console, found.value, found.value.settings.get(SETTING, ""))

    @pages.post("/channels/<channel_id>/patterns")
    def try_out(channel_id: str) -> Response:
        written = request.form.get("patterns", "").replace("\r\n", "\n")
        found = _find(console, channel_id)
        if found.value is None:
            return _page(channel_id, channel_id, written, Part(failure=found.failure))
        return _tried(console, found.value, written)

    return pages


def mistakes_of(wrong: InvalidField | InvalidFields) -> tuple[Mistake, ...]:
    """Each mistake by its place within the setting."""
    fields = wrong.fields if isinstance(wrong, InvalidFields) else (wrong,)
    prefix = f"channel.settings.{SETTING}"
    return tuple(Mistake(one.field.removeprefix(prefix).lstrip("."), one.expected) for one in fields)


def _find(console: Console, channel_id: str) -> Part[Channel]:
    """The mailbox; NotFound where it is none, a failed part where nobody knows."""
    here = frame()
    if not here.me.may_manage_channels:
        raise PermissionDenied(
            here.words.gettext("Mails of a mailbox are shown to those who manage channels.")
        )
    listed = part(console.desk.ingest.list_channels)
    for channel in listed.value or ():
        if channel.channel_id == channel_id and channel.kind == "email":
            return Part(value=channel)
    if listed.failure is None:
        raise NotFound(f"mailbox {channel_id}")
    return Part(failure=listed.failure)


def _tried(console: Console, channel: Channel, written: str) -> Response:
    mistakes: list[Mistake] = []

    def ask() -> tuple[Tried, ...]:
        try:
            return console.desk.screening.try_settings(channel.channel_id, {SETTING: written})
        except (InvalidField, InvalidFields) as wrong:
            mistakes.extend(mistakes_of(wrong))
            return ()

    tried = part(ask)
    return _page(channel.channel_id, channel.name or channel.channel_id, written, tried, mistakes)


def _page(
    channel_id: str, name: str, written: str, tried: Part[tuple[Tried, ...]], mistakes: Sequence[Mistake] = ()
) -> Response:
    return page(
        "patterns.html",
        current="channels",
        channel_id=channel_id,
        name=name,
        written=written,
        tried=tried,
        mistakes=mistakes,
    )
