"""Channels in the console: told as they are, made, changed, paused and tested; a password only ever goes in."""

from collections.abc import Mapping

import pytest
from werkzeug.test import TestResponse

from chassis.errors import InvalidField
from services.console.domain.channels import Check
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk

FORMS = ("/channels/new", "/channels/new?kind=email", "/channels/support/edit", "/channels/claims-mail/edit")
SHOWN = {f"shown.{name}": "1" for name in ("address", "aliases", "signature", "quote_history", "imap_host")}
MAILBOX = {
    **SHOWN,
    "kind": "email",
    "id": "returns",
    "name": "Returns",
    "lane": "email",
    "settings.address": "returns@northline.example",
    "settings.aliases": "back@northline.example\r\nruecksendung@northline.example",
    "settings.quote_history": "none",
    "settings.imap_host": "imap.northline.example",
}


def post(visitor: Visitor, address: str, form: Mapping[str, str]) -> TestResponse:
    """As the browser does without scripts."""
    return visitor.post(address, dict(form), part=False)


@pytest.fixture
def ana(stranger: Visitor) -> Visitor:
    """No administrator, with the right to manage channels."""
    stranger.sign_in("ana.ribeiro@northline.example")
    stranger.client.set_cookie("prefs", "lang=en")
    return stranger


@pytest.fixture
def tomas(stranger: Visitor) -> Visitor:
    """An agent without that right."""
    stranger.sign_in("tomas.silva@northline.example")
    return stranger


@pytest.mark.parametrize("language", ["en", "pt", "ru"])
@pytest.mark.parametrize("address", FORMS)
def test_every_form_opens_in_every_language(kate: Visitor, address: str, language: str) -> None:
    kate.client.set_cookie("prefs", f"lang={language}")
    answer = kate.get(address)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


def test_a_channel_is_told_with_what_is_wrong_with_it(kate: Visitor) -> None:
    page = kate.get("/channels/support").text
    assert "Nothing is fetched: imap.northline.example refuses the password" in page
    assert "Not sent within the last day: no such user" in page
    assert "2 messages lie in quarantine." in page
    assert "Waiting on the server" in page
    assert "does not work" in kate.get("/channels").text


def test_the_history_says_who_changed_what_and_no_secret(kate: Visitor) -> None:
    page = kate.get("/channels/support").text
    assert "Kate Miller" in page
    assert 'Password: <span class="mute">encrypted</span> → changed' in page
    assert "sealed:" not in page


def test_a_mailbox_is_connected_by_its_form(ana: Visitor, fakes: MemoryDesk) -> None:
    answer = post(ana, "/channels", {**MAILBOX, "secret.imap_password_secret": "correct horse"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/channels/returns")
    ((draft, agent_id),) = fakes.channels.applied
    assert agent_id == "ana"
    assert draft.settings == {
        "address": "returns@northline.example",
        "aliases": "back@northline.example,ruecksendung@northline.example",
        "imap_host": "imap.northline.example",
    }
    assert draft.secrets == {"imap_password_secret": "correct horse"}
    assert "correct horse" not in repr(draft) + ana.get("/channels/returns").text


def test_a_mistake_is_said_at_its_field_and_what_was_typed_stays_but_for_the_password(
    ana: Visitor, fakes: MemoryDesk
) -> None:
    fakes.channels.mistakes = (
        InvalidField("channel.id", "1 to 63 lower-case letters, digits and hyphens, a letter or digit first"),
        InvalidField("channel.settings.imap_port", "a whole number"),
    )
    answer = post(ana, "/channels", {**MAILBOX, "secret.imap_password_secret": "correct horse"})
    assert answer.status_code == 422
    assert '<a class="link" href="#s-imap_port">Port</a>: a whole number' in answer.text
    assert 'aria-invalid="true" aria-describedby="m-imap_port"' in answer.text
    assert 'href="#c-id">Id</a>: 1 to 63 lower-case letters' in answer.text
    assert "returns@northline.example" in answer.text
    assert "correct horse" not in answer.text


def test_a_mistake_is_said_in_the_persons_language(ana: Visitor, fakes: MemoryDesk) -> None:
    ana.client.set_cookie("prefs", "lang=ru")
    fakes.channels.mistakes = (InvalidField("channel.settings.imap_port", "at most 65535"),)
    assert "не больше 65535" in post(ana, "/channels", MAILBOX).text


def test_what_is_wrong_within_a_setting_is_said_of_the_setting(ana: Visitor, fakes: MemoryDesk) -> None:
    fakes.channels.mistakes = (InvalidField("channel.settings.mail_patterns.0.kind", "one of form, notice"),)
    assert (
        'href="#s-mail_patterns">Mail patterns</a>: 0.kind: one of form, notice'
        in post(ana, "/channels", MAILBOX).text
    )


def test_a_change_keeps_what_is_at_its_default_out_and_the_kept_password_in(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    form = {
        **SHOWN,
        "version": "3",
        "name": "Support",
        "lane": "email",
        "settings.address": "support@northline.example",
        "settings.signature": "Yours\r\nNorthline",
        "settings.imap_host": "imap.northline.example",
        "mounted.imap_password_secret": "",
    }
    assert post(kate, "/channels/support", form).status_code == 303
    ((draft, _),) = fakes.channels.applied
    assert draft.settings == {
        "address": "support@northline.example",
        "imap_host": "imap.northline.example",
        "signature": "Yours\nNorthline",
    }
    assert (draft.secrets, draft.version) == ({}, 3)


def test_a_kept_password_is_forgotten_where_that_is_asked_for(kate: Visitor, fakes: MemoryDesk) -> None:
    form = {"version": "3", "name": "S", "lane": "email", "forget.imap_password_secret": "1"}
    post(kate, "/channels/support", form)
    assert fakes.channels.applied[0][0].settings["imap_password_secret"] == ""


def test_what_an_old_page_did_not_show_stays_as_it_is(kate: Visitor, fakes: MemoryDesk) -> None:
    post(kate, "/channels/support", {"version": "3", "name": "S", "lane": "email"})
    assert fakes.channels.applied[0][0].settings == {
        "address": "support@northline.example",
        "imap_host": "imap.northline.example",
    }


def test_who_was_second_is_told_and_nothing_typed_is_lost(kate: Visitor) -> None:
    form = {**SHOWN, "version": "2", "name": "Mine", "lane": "email", "settings.signature": "My words"}
    answer = post(kate, "/channels/support", form)
    assert answer.status_code == 409
    assert "Somebody changed this channel meanwhile" in answer.text
    assert "My words" in answer.text


def test_a_channel_is_paused_and_goes_on(ana: Visitor, fakes: MemoryDesk) -> None:
    assert post(ana, "/channels/support/pause", {"version": "3"}).status_code == 303
    assert fakes.ingest.channels["support"].is_paused
    assert "Nothing is lost." in ana.get("/channels/support").text
    assert post(ana, "/channels/support/resume", {"version": "3"}).status_code == 409
    assert post(ana, "/channels/support/resume", {"version": "4"}).status_code == 303
    assert not fakes.ingest.channels["support"].is_paused


def test_a_test_says_in_a_line_what_is_wrong_in_each_direction(ana: Visitor, fakes: MemoryDesk) -> None:
    part = ana.post("/channels/support/test", {}).text
    assert "<html" not in part
    assert "<b>Sending (SMTP)</b>: all is well: takes mail" in part
    assert "<b>Fetching (IMAP)</b>: does not work: refuses the password" in part
    fakes.channels.checks = (Check("smtp", True, "<script>"),)
    whole = post(ana, "/channels/support/test", {}).text
    assert "&lt;script&gt;" in whole
    assert "<html" in whole


def test_what_is_typed_is_tried_before_it_is_saved(ana: Visitor, fakes: MemoryDesk) -> None:
    part = ana.post("/channel-tests", {**MAILBOX, "secret.imap_password_secret": "correct horse"}).text
    assert "<b>Fetching (IMAP)</b>: does not work: refuses the password" in part
    assert (fakes.channels.tried[0].secrets, fakes.channels.applied) == (
        {"imap_password_secret": "correct horse"},
        [],
    )
    assert "correct horse" not in part
    fakes.channels.mistakes = (InvalidField("channel.settings.imap_port", "a whole number"),)
    again = ana.post("/channel-tests", {**MAILBOX, "id": "support", "version": "3"}).text
    assert '<a class="link" href="#s-imap_port">Port</a>: a whole number' in again


@pytest.mark.parametrize("address", ["/channels/new", "/channels/support/edit"])
def test_who_may_not_manage_channels_finds_no_form(tomas: Visitor, address: str) -> None:
    assert tomas.get(address).status_code == 403


@pytest.mark.parametrize(
    "address",
    ["/channels", "/channels/support", "/channels/support/pause", "/channels/support/test", "/channel-tests"],
)
def test_who_may_not_manage_channels_changes_nothing(tomas: Visitor, fakes: MemoryDesk, address: str) -> None:
    assert tomas.post(address, {**MAILBOX, "version": "3"}).status_code == 403
    assert (fakes.channels.applied, fakes.channels.changes) == ([], {})
    page = tomas.get("/channels/support").text
    assert "/channels/support/edit" not in page
    assert "/pause" not in page


def test_only_administrators_are_asked_for_the_name_of_a_mounted_secret(ana: Visitor) -> None:
    assert "mounted.imap_password_secret" not in ana.get("/channels/new?kind=email").text


def test_an_administrator_sees_the_key_of_a_channel_that_is_posted_to_when_asking_for_it(
    kate: Visitor,
) -> None:
    assert "rdk_shop-api" not in kate.get("/channels/shop-api").text
    assert "rdk_shop-api" in post(kate, "/channels/shop-api/key", {}).text
    assert "/channels/support/key" not in kate.get("/channels/support").text


def test_who_is_no_administrator_sees_no_key(ana: Visitor) -> None:
    assert post(ana, "/channels/shop-api/key", {}).status_code == 403
    assert "/channels/shop-api/key" not in ana.get("/channels/shop-api").text


def test_a_setting_without_words_of_ours_is_told_as_its_kind_tells_it(kate: Visitor) -> None:
    page = kate.get("/channels/new?kind=email").text
    assert "A setting that the console has no words for." in page


def test_a_form_cannot_be_shown_while_ingest_is_away(kate: Visitor, fakes: MemoryDesk) -> None:
    with fakes.outages.of("ingest"):
        assert kate.get("/channels/new").status_code == 503
        assert post(kate, "/channels", MAILBOX).status_code == 503
