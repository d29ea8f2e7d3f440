"""Make a channel or change one: a form of whatever its kind can be set to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound
from services.console.domain.channels import Draft, Kind, Setting, is_kept
from services.console.domain.ingest import Channel
from services.console.pages.channels import may_manage, said, version_in
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Part
from services.console.pages.setting_words import SettingWords

LANES = ("email", "chat", "social", "voice", "api")
# Where a kind's messages go if nobody says otherwise.
_LANE_OF = {"email": "email", "json": "api"}
# Families of settings that stand together, by what their names begin with; all others come first.
FAMILIES = ("imap", "smtp", "oauth")
_SETTING = "channel.settings."


@dataclass(frozen=True, slots=True)
class Field:
    """A setting in the form; a secret never has a value."""

    setting: Setting
    value: str
    # Of a secret: none, kept (encrypted) or mounted.
    secret: str = "none"
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Everything the page shows."""

    draft: Draft
    families: Mapping[str, list[Field]]
    # What is wrong with id, name, lane and kind.
    mistakes: Mapping[str, str] = field(default_factory=dict)
    # What is wrong with all of it.
    refusal: str = ""
    # (anchor, field, what is wrong) of every mistake, for the summary.
    summary: tuple[tuple[str, str, str], ...] = ()


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("channel_form", __name__)

    @pages.get("/channels/new")
    def new() -> Response:
        may_manage()
        kinds = console.desk.channels.list_kinds()
        kind = next((one for one in kinds if one.name == request.args.get("kind", "")), None)
        if kind is None:
            return page("channel_kinds.html", current="channels", kinds=kinds, said=said())
        draft = Draft("", "", kind.name, _LANE_OF.get(kind.name, "api"), {})
        return show(kind, form_of(kind, draft, {}))

    @pages.get("/channels/<channel_id>/edit")
    def edit(channel_id: str) -> Response:
        may_manage()
        one = stored(console, channel_id)
        draft = Draft(channel_id, one.name, one.kind, one.lane, one.settings, one.is_paused, one.version)
        kind = kind_named(console, one.kind)
        return show(kind, form_of(kind, draft, one.settings))

    @pages.post("/channels")
    def make() -> Response | WerkzeugResponse:
        may_manage()
        kind = kind_named(console, request.form.get("kind", ""))
        return save(console, request.form.get("id", "").strip(), kind, None)

    @pages.post("/channels/<channel_id>")
    def change(channel_id: str) -> Response | WerkzeugResponse:
        may_manage()
        channel = stored(console, channel_id)
        return save(console, channel_id, kind_named(console, channel.kind), channel)

    @pages.post("/channel-tests")
    def test() -> Response:
        """What the form would save is tried; a part of the page, so that a typed password stays where it is."""
        agent_id = may_manage()
        channel_id = request.form.get("id", "").strip()
        before = stored(console, channel_id) if request.form.get("version", "0") != "0" else None
        draft = draft_in(channel_id, kind_named(console, request.form.get("kind", "")), before)
        try:
            checks = Part(value=console.desk.channels.test_draft(draft, agent_id))
        except (InvalidFields, InvalidField) as wrong:
            words = said()
            lines = [_line(words, name, text) for name, text in mistakes_of(wrong).items()]
            return page("parts/channel_mistakes.html", lines=lines)
        return page("parts/channel_checks.html", checks=checks, said=said())

    return pages


def stored(console: Console, channel_id: str) -> Channel:
    """The channel as it is now, not as names are remembered. Raises NotFound."""
    for channel in console.desk.ingest.list_channels():
        if channel.channel_id == channel_id:
            return channel
    raise NotFound(f"channel {channel_id}")


def kind_named(console: Console, name: str) -> Kind:
    """Raises InvalidField."""
    kinds = console.desk.channels.list_kinds()
    for kind in kinds:
        if kind.name == name:
            return kind
    raise InvalidField("kind", f"one of {', '.join(kind.name for kind in kinds)}", name)


def save(
    console: Console, channel_id: str, kind: Kind, before: Channel | None
) -> Response | WerkzeugResponse:
    """Make or change the channel as the form says, or show the form again with what is wrong."""
    agent_id = may_manage()
    known = before.settings if before is not None else {}
    draft = draft_in(channel_id, kind, before)
    try:
        console.desk.channels.apply(draft, agent_id)
    except (InvalidFields, InvalidField) as wrong:
        return show(kind, form_of(kind, draft, known, mistakes_of(wrong)), 422)
    except AlreadyExists:
        free = frame().words.gettext("a name that no channel has yet")
        return show(kind, form_of(kind, draft, known, {"channel.id": free}), 422)
    except Conflict as conflict:
        return show(kind, form_of(kind, draft, known, refusal=str(conflict)), 409)
    console.directory.forget()
    return redirect(f"/channels/{channel_id}", 303)


def draft_in(channel_id: str, kind: Kind, before: Channel | None) -> Draft:
    """The channel that the form asks for."""
    settings, secrets = settings_in(request.form, kind, before.settings if before is not None else {})
    return Draft(
        channel_id,
        request.form.get("name", "").strip(),
        kind.name,
        request.form.get("lane", ""),
        settings,
        before.is_paused if before is not None else False,
        version_in(request.form) if before is not None else 0,
        secrets,
    )


def show(kind: Kind, form: Form, status: int = 200) -> Response:
    return page(
        "channel_form.html", status, current="channels", kind=kind, form=form, lanes=LANES, said=said()
    )


def form_of(
    kind: Kind,
    draft: Draft,
    before: Mapping[str, str],
    mistakes: Mapping[str, str] | None = None,
    refusal: str = "",
) -> Form:
    """The form with what was typed, what is kept, and what is wrong; typed secrets are not shown again."""
    mistakes, words = mistakes or {}, said()
    families: dict[str, list[Field]] = {"": [], **{family: [] for family in FAMILIES}}
    for setting in kind.settings:
        value = draft.settings.get(setting.name, setting.default)
        secret = "none"
        if setting.type == "secret":
            was = before.get(setting.name, "")
            secret = "kept" if is_kept(was) else "mounted" if was else "none"
            value = "" if is_kept(value) else value
        family = setting.name.partition("_")[0]
        mistake = mistakes.get(_SETTING + setting.name, "")
        families[family if family in FAMILIES else ""].append(Field(setting, value, secret, mistake))
    return Form(
        draft,
        {name: fields for name, fields in families.items() if fields},
        {name: text for name, text in mistakes.items() if not name.startswith(_SETTING)},
        refusal,
        tuple(_line(words, name, text) for name, text in mistakes.items()),
    )


def _line(words: SettingWords, name: str, text: str) -> tuple[str, str, str]:
    if name.startswith(_SETTING):
        setting = name.removeprefix(_SETTING)
        return f"s-{setting}", words.label(setting), text
    return f"c-{name.removeprefix('channel.')}", words.own(name), text


def mistakes_of(wrong: InvalidFields | InvalidField) -> dict[str, str]:
    """What is wrong by field, in the person's words; what lies within a setting is said of the setting."""
    words = said()
    found: dict[str, str] = {}
    for one in wrong.fields if isinstance(wrong, InvalidFields) else (wrong,):
        name, text = one.field, words.expected(one.expected)
        if name.startswith(_SETTING):
            setting, _, place = name.removeprefix(_SETTING).partition(".")
            name, text = _SETTING + setting, f"{place}: {text}" if place else text
        found[name] = f"{found[name]}; {text}" if name in found else text
    return found


def settings_in(
    form: Mapping[str, str], kind: Kind, before: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that the form asks for, without those that are at their default, and the secrets that were typed."""
    settings: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for setting in kind.settings:
        was = before.get(setting.name, "")
        if setting.type != "secret":
            value = _value(form, setting, was)
            if value == was if setting.name in before else value == setting.default:
                settings.update({setting.name: was} if setting.name in before else {})
            elif value != setting.default:
                settings[setting.name] = value
        elif typed := form.get(f"secret.{setting.name}", ""):
            secrets[setting.name] = typed
        elif form.get(f"forget.{setting.name}"):
            settings[setting.name] = ""
        elif f"mounted.{setting.name}" in form:
            if mounted := form[f"mounted.{setting.name}"].strip():
                settings[setting.name] = mounted
        elif was and not is_kept(was):
            # Whoever may not name mounted secrets leaves them as they are.
            settings[setting.name] = was
    return settings, secrets


def _value(form: Mapping[str, str], setting: Setting, was: str) -> str:
    name = f"settings.{setting.name}"
    # A box that is not ticked is not sent, so the page says that there was one.
    if f"shown.{setting.name}" not in form:
        return was or setting.default
    value = form.get(name, "").replace("\r\n", "\n").strip()
    if setting.type == "flag":
        return "true" if value else "false"
    if setting.type == "list":
        value = _listed(value)
    # What was only written in another form by the page is no change.
    if was and value == (_listed(was) if setting.type == "list" else was.strip()):
        return was
    # An emptied number means the default.
    return value or (setting.default if setting.type in ("number", "choice") else "")


def _listed(value: str) -> str:
    return ",".join(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
