"""Mail patterns as settings: what is wrong with them is said by the place and by what was expected."""

import json

import pytest

from chassis.errors import InvalidFields
from cli.channel_file import channels_of
from services.ingest import channels
from services.ingest.adapters.kinds import check_settings, load_kinds
from services.ingest.adapters.setting_fields import setting_fields
from services.ingest.channels.email import Settings, build
from services.ingest.domain.intake import Envelope
from tests.unit.services.ingest.channels.inboxes import inbox

KINDS = load_kinds(channels)
PATTERN = {"name": "Form", "from": "robot@forms.example", "pick": {"email": {"label": "E-mail:"}}}


def _mistakes(patterns: object) -> dict[str, str]:
    written = patterns if isinstance(patterns, str) else json.dumps(patterns)
    with pytest.raises(InvalidFields) as refused:
        check_settings(KINDS, "email", {"address": "support@demo.example", "mail_patterns": written})
    return {
        one.field.removeprefix("channel.settings.mail_patterns"): one.expected for one in refused.value.fields
    }


def test_a_pattern_in_json_or_yaml_reads_a_mail() -> None:
    for written in (
        json.dumps([PATTERN]),
        "- {name: Form, from: forms.example, pick: {email: {label: E-mail}}}",
    ):
        settings = Settings.model_validate({"address": "support@demo.example", "mail_patterns": written})
        raw = b"From: robot@forms.example\r\nSubject: s\r\n\r\nE-mail: anna@client.example\r\n"
        message = build(settings, inbox()).read(raw, Envelope())
        assert message.author.email == "anna@client.example"


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"pick": {"email": {"pattern": "("}}}, ".0.pick.email.pattern", "an RE2 expression (missing ): ()"),
        (
            {"pick": {"email": {"pattern": "(a)(b)"}}},
            ".0.pick.email.pattern",
            "an RE2 expression with at most one group: (?:...) groups without picking",
        ),
        ({"pick": {"email": {}}}, ".0.pick.email", "a label or a pattern"),
        (
            {"pick": {"email": {"in": "footer", "label": "x"}}},
            ".0.pick.email.in",
            "one of text, page, subject, from, reply_to, to or header:NAME",
        ),
        (
            {"pick": {"email": {"lable": "x"}}},
            ".0.pick.email",
            "some of in, label, pattern, until, required, and no lable",
        ),
        (
            {"from": "not an address"},
            ".0.from",
            "addresses as robot@forms.example, or domains as forms.example",
        ),
        (
            {"from": []},
            ".0",
            "at least one of from, from_name, subject and headers, or it is for every mail",
        ),
        (
            {"pick": {"name": {"label": "Name"}}},
            ".0",
            "a pick of email, phone, external_id: whoever filled the form in",
        ),
        ({"kind": "letter"}, ".0.kind", "one of form, notice"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_said_by_its_place(
    change: dict[str, object], field: str, expected: str
) -> None:
    assert _mistakes([{**PATTERN, **change}])[field] == expected


def test_an_unknown_pick_is_refused_with_what_is_known() -> None:
    expected = _mistakes([{**PATTERN, "pick": {"order": {"label": "Order"}, "email": {"in": "from"}}}])[
        ".0.pick"
    ]
    assert "fields.NAME" in expected
    assert "no order" in expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("- {name: [", "a list in YAML or JSON (line 1)"),
        ("name: Form", "a list in YAML or JSON"),
        ("- &a {name: x}\n- *a", "YAML without references (*name)"),
        ("x" * 70_000, "at most 65536 characters"),
    ],
)
def test_what_is_no_list_is_refused(written: str, expected: str) -> None:
    assert _mistakes(written)[""] == expected


def test_lists_and_patterns_are_written_on_lines_so_that_a_page_keeps_their_commas() -> None:
    types = {one.name: one.type for one in setting_fields(KINDS["email"])}
    assert {types[name] for name in ("mail_patterns", "allow_list", "block_list", "spam_list")} == {"lines"}
    row = {
        "id": "mail",
        "settings": {"block_list": ["casino.example", "X-A: b, c"], "form_senders": ["a@b", "c@d"]},
    }
    (one,) = channels_of(row, "file")
    settings = Settings.model_validate(
        {"address": "a@demo.example", "block_list": one.channel.settings["block_list"]}
    )
    assert settings.block_list == ("casino.example", "X-A: b, c")
    assert one.channel.settings["form_senders"] == "a@b,c@d"


def test_patterns_may_stand_in_a_file_of_channels_as_they_are() -> None:
    row = {"id": "mail", "settings": {"address": "support@demo.example", "mail_patterns": [PATTERN]}}
    (one,) = channels_of(row, "file")
    assert Settings.model_validate(dict(one.channel.settings)).mail_patterns[0].name == "Form"
