"""What can be set of the kinds that ship stands in the console in its own words, and a form changes nothing by itself."""

import re

import pytest

from services.console.domain.channels import Kind, Setting
from services.console.pages.channel_form import settings_in
from services.console.pages.setting_names import hints, labels
from services.ingest import channels
from services.ingest.adapters import setting_fields
from services.ingest.adapters.kinds import load_kinds

SHIPPED = {
    kind.name: [
        Setting(
            one.name,
            one.text,
            one.type,
            one.is_required,
            one.default,
            one.choices,
            one.least,
            one.most,
            one.longest,
            one.example,
        )
        for one in setting_fields.setting_fields(kind)
    ]
    for kind in load_kinds(channels).values()
}
every_kind = pytest.mark.parametrize("kind", list(SHIPPED))


@every_kind
def test_every_setting_has_a_label_and_a_hint_in_the_consoles_own_words(kind: str) -> None:
    called, explained = labels(str), hints(str)
    assert [one.name for one in SHIPPED[kind] if one.name not in called or one.name not in explained] == []


@every_kind
def test_a_form_that_is_sent_back_as_it_was_shown_changes_nothing(kind: str) -> None:
    stored = {one.name: _sample(one) for one in SHIPPED[kind]}
    form = {}
    for one in SHIPPED[kind]:
        if one.type != "secret":
            form[f"shown.{one.name}"] = "1"
            shown = stored[one.name].replace(",", "\n") if one.type == "list" else stored[one.name]
            if one.type != "flag" or shown == "true":
                # As browsers send what stands in a text area.
                form[f"settings.{one.name}"] = re.sub("\n", "\r\n", shown)
    settings, secrets = settings_in(form, Kind(kind, "", tuple(SHIPPED[kind])), stored)
    kept = {name: value for name, value in stored.items() if not value.startswith("sealed:")}
    assert (settings, secrets) == (kept, {})


def _sample(setting: Setting) -> str:
    if setting.type == "secret":
        return f"sealed:{setting.name}"
    return {
        "list": "a.example\nX-Kind: b,c.example",
        "lines": "- name: Form\n  from: forms.example\n",
        "number": setting.default,
        "choice": setting.choices[-1] if setting.choices else "",
        "flag": "false" if setting.default == "true" else "true",
    }.get(setting.type, "some text")
