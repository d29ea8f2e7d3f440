"""Channels are made and changed by what is wanted, and their secrets are told to nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis.errors import AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound
from services.ingest.application.apply_channel import Applied, ApplyChannel, apply_channel, pause_channel
from services.ingest.domain.channel import Channel
from services.ingest.domain.channel_history import ChannelChange, Editor, Step

AT = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
ADMIN = Editor("agent", "ada", "Ada", is_admin=True)
KATE = Editor("agent", "kate", "Kate")
PULLED = {"address": "support@demo.example", "imap_host": "imap.demo.example"}
KEPT = {**PULLED, "imap_password_secret": "sealed:imap_password_secret"}


class MemoryChannels:
    """Seals by turning the text round."""

    def __init__(self) -> None:
        self.rows: dict[str, Channel] = {}
        self.history: list[ChannelChange] = []

    def find(self, channel_id: str) -> Channel | None:
        return self.rows.get(channel_id)

    def sealed(self, secret: str) -> bytes:
        return secret[::-1].encode()

    def secret(self, channel: Channel, setting: str) -> str:
        return channel.sealed.get(setting, b"").decode()[::-1]

    def save(
        self, channel: Channel, expected_version: int, editor: Editor, steps: Sequence[Step]
    ) -> Channel | None:
        now = self.rows.get(channel.channel_id)
        if (now.version if now is not None else 0) != expected_version:
            return None
        saved = replace(channel, version=expected_version + 1)
        self.rows[channel.channel_id] = saved
        self.history.append(ChannelChange(channel.channel_id, saved.version, AT, editor, tuple(steps)))
        return saved

    def last_change(self, channel_id: str) -> ChannelChange | None:
        return self.history[-1] if self.history else None


class AnythingGoes:
    """A kind that refuses what it is told to."""

    def __init__(self, *mistakes: InvalidField) -> None:
        self._mistakes = mistakes

    def mistakes(self, channel: Channel) -> Sequence[InvalidField]:
        return self._mistakes


@pytest.fixture
def channels() -> MemoryChannels:
    return MemoryChannels()


def wanted(settings: Mapping[str, str] = PULLED, **more: object) -> Channel:
    return replace(Channel("support", "Support", "email", "email", settings), **more)  # type: ignore[arg-type]


def put(
    channels: MemoryChannels,
    channel: Channel,
    version: int = 0,
    editor: Editor = KATE,
    kinds: AnythingGoes | None = None,
    *,
    only_check: bool = False,
    **secrets: str,
) -> Applied:
    asked = ApplyChannel(channel, version, editor, secrets, only_check=only_check)
    return apply_channel(asked, channels, kinds or AnythingGoes())


def refusals(
    channels: MemoryChannels,
    channel: Channel,
    version: int = 0,
    editor: Editor = KATE,
    kinds: AnythingGoes | None = None,
    **secrets: str,
) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refused:
        put(channels, channel, version, editor, kinds, only_check=False, **secrets)
    return {field.field: field.expected for field in refused.value.fields}


def test_what_is_made_is_kept_with_who_made_it_and_of_what(channels: MemoryChannels) -> None:
    applied = put(channels, wanted())
    assert (applied.channel.version, channels.history[0].editor.name) == (1, "Kate")
    assert applied.steps[:3] == (
        Step("is_paused", "", "false"),
        Step("kind", "", "email"),
        Step("lane", "", "email"),
    )
    assert Step("settings.imap_host", "", "imap.demo.example") in applied.steps


def test_applying_the_same_again_writes_nothing(channels: MemoryChannels) -> None:
    put(channels, wanted(), imap_password_secret="pass word")
    again = put(channels, wanted(), 1, imap_password_secret="pass word")
    assert (again.channel.version, again.steps, len(channels.history)) == (1, (), 1)


def test_what_would_change_is_told_without_changing_it(channels: MemoryChannels) -> None:
    put(channels, wanted())
    would = put(channels, wanted(name="Help"), 1, only_check=True)
    assert would.steps == (Step("name", "Support", "Help"),)
    assert channels.rows["support"].name == "Support"


def test_a_given_secret_is_encrypted_and_stands_nowhere_else(channels: MemoryChannels) -> None:
    applied = put(channels, wanted(), imap_password_secret="pass word")
    assert applied.channel.settings == KEPT
    assert channels.secret(applied.channel, "imap_password_secret") == "pass word"
    assert "pass word" not in repr((applied, channels.history))
    assert Step("settings.imap_password_secret", "", "encrypted") in applied.steps


def test_another_secret_is_told_as_changed(channels: MemoryChannels) -> None:
    put(channels, wanted(), imap_password_secret="one")
    applied = put(channels, wanted(), 1, imap_password_secret="two")
    assert applied.steps == (Step("settings.imap_password_secret", "encrypted", "changed"),)


def test_a_kept_secret_stays_where_nothing_is_said_of_it_and_goes_where_it_is_emptied(
    channels: MemoryChannels,
) -> None:
    put(channels, wanted(), imap_password_secret="pass word")
    named = put(channels, wanted(name="Help"), 1)
    assert channels.secret(named.channel, "imap_password_secret") == "pass word"
    emptied = put(channels, wanted({**PULLED, "imap_password_secret": ""}, name="Help"), 2)
    assert (dict(emptied.channel.sealed), emptied.steps) == (
        {},
        (Step("settings.imap_password_secret", "encrypted", ""),),
    )


@pytest.mark.parametrize("place", ["imap_host", "imap_port", "imap_security"])
def test_a_kept_secret_is_sent_to_no_other_place_unless_it_is_given_again(
    channels: MemoryChannels, place: str
) -> None:
    put(channels, wanted(), imap_password_secret="pass word", editor=ADMIN)
    moved = wanted({**PULLED, place: "thief.example"})
    assert list(refusals(channels, moved, 1, ADMIN)) == ["channel.settings.imap_password_secret"]
    assert (
        put(channels, moved, 1, imap_password_secret="pass word").channel.settings[place] == "thief.example"
    )


def test_a_kept_secret_stays_with_its_own_setting(channels: MemoryChannels) -> None:
    put(channels, wanted(), imap_password_secret="pass word")
    taken = {**PULLED, "smtp_host": "thief.example", "smtp_password_secret": "sealed:imap_password_secret"}
    assert list(refusals(channels, wanted(taken), 1)) == ["channel.settings.smtp_password_secret"]


def test_mounted_secrets_are_named_and_sent_elsewhere_by_administrators_only(
    channels: MemoryChannels,
) -> None:
    mounted = {**PULLED, "imap_password_secret": "support-mailbox"}
    assert list(refusals(channels, wanted(mounted))) == ["channel.settings.imap_password_secret"]
    put(channels, wanted(mounted), editor=ADMIN)
    put(channels, wanted(mounted, name="Help"), 1)
    moved = {**mounted, "imap_host": "thief.example"}
    assert list(refusals(channels, wanted(moved, name="Help"), 2)) == [
        "channel.settings.imap_password_secret"
    ]
    put(channels, wanted(moved, name="Help"), 2, ADMIN)


def test_a_password_in_the_place_of_a_name_is_refused_without_repeating_it(channels: MemoryChannels) -> None:
    with pytest.raises(InvalidFields) as refused:
        put(channels, wanted({**PULLED, "imap_password_secret": "p@ss word!"}), editor=ADMIN)
    assert "name of a mounted secret" in str(refused.value)
    assert "p@ss" not in str(refused.value)


def test_the_name_of_a_mounted_secret_is_in_no_history(channels: MemoryChannels) -> None:
    applied = put(channels, wanted({**PULLED, "imap_password_secret": "hunter2"}), editor=ADMIN)
    assert "hunter2" not in repr(applied.steps)


def test_a_secret_belongs_to_a_setting_for_secrets(channels: MemoryChannels) -> None:
    assert list(refusals(channels, wanted(), imap_host="x")) == ["channel.settings.imap_host"]
    assert list(refusals(channels, wanted(), imap_password_secret="")) == [
        "channel.settings.imap_password_secret"
    ]


def test_every_mistake_is_told_at_once(channels: MemoryChannels) -> None:
    kinds = AnythingGoes(InvalidField("channel.settings.imap_port", "a whole number"))
    wrong = replace(wanted(), channel_id="Support!", lane="post")
    assert list(refusals(channels, wrong, kinds=kinds)) == [
        "channel.id",
        "channel.lane",
        "channel.settings.imap_port",
    ]


def test_who_saw_an_older_version_is_told_who_was_first(channels: MemoryChannels) -> None:
    put(channels, wanted())
    put(channels, wanted(name="Help"), 1)
    with pytest.raises(
        Conflict, match=r"Kate changed the channel support at 2026-11-23 09:05 UTC: .* version 2"
    ):
        put(channels, wanted(name="Desk"), 1)
    assert channels.rows["support"].name == "Help"


def test_a_new_channel_needs_a_name_that_is_free_and_an_old_one_must_be_there(
    channels: MemoryChannels,
) -> None:
    with pytest.raises(NotFound):
        put(channels, wanted(), 3)
    put(channels, wanted())
    with pytest.raises(AlreadyExists):
        put(channels, wanted())


def test_a_pause_is_a_change_like_another_and_keeps_the_rest(channels: MemoryChannels) -> None:
    put(channels, wanted(), imap_password_secret="pass word")
    paused = pause_channel("support", 0, KATE, channels, is_paused=True)
    assert paused.steps == (Step("is_paused", "false", "true"),)
    assert channels.secret(paused.channel, "imap_password_secret") == "pass word"
    assert pause_channel("support", 2, KATE, channels, is_paused=True).steps == ()
    with pytest.raises(Conflict):
        pause_channel("support", 1, KATE, channels, is_paused=False)
    with pytest.raises(NotFound):
        pause_channel("nowhere", 0, KATE, channels, is_paused=True)
