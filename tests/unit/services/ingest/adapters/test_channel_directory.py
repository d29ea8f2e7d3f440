"""What is known of channels while the store is away, or where their settings mean nothing to this release."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn, cast

import pytest
from pydantic import BaseModel

from chassis.errors import Unavailable
from services.ingest import channels as kinds
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.kinds import Kind, load_kinds
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.application.ports import Inbox, LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import Envelope
from services.ingest.domain.tokens import Tokens
from tests.unit.services.ingest.channels.inboxes import anywhere

SUPPORT = Channel("support", "Support", "email", "email", {"address": "support@demo.example"}, version=1)
BROKEN = Channel("broken", "Broken", "broken", "email")
POSTED = Channel("api", "Shop", "json", "api", version=1)


class _Store:
    """Has one mailbox, until it is away."""

    is_away = False

    def __init__(self, *channels: Channel) -> None:
        self.rows = {one.channel_id: (one, "") for one in channels or (SUPPORT,)}

    def save(self, channel: Channel, key: str = "") -> None:
        self.rows[channel.channel_id] = (channel, key)

    def all_with_keys(self) -> Sequence[tuple[Channel, str]]:
        if self.is_away:
            raise Unavailable("database")
        return list(self.rows.values())


def _directory(store: _Store, *more: Kind) -> ChannelDirectory:
    known = {**load_kinds(kinds), **{one.name: one for one in more}}
    return ChannelDirectory(
        cast("MongoChannels", store), known, Tokens(b"k" * 32), lambda name: name, _no_bearer, anywhere
    )


def test_an_address_that_nobody_could_look_for_is_not_refused_for_good() -> None:
    store = _Store()
    directory = _directory(store)
    assert directory.by_address("support@demo.example") is not None
    assert directory.by_address("new@demo.example") is None
    store.is_away = True
    directory.look_again()
    assert directory.by_address("support@demo.example") is not None, "what was known goes on being known"
    with pytest.raises(Unavailable):
        directory.by_address("new@demo.example")
    with pytest.raises(Unavailable):
        directory.find("new")
    store.is_away = False
    directory.look_again()
    assert directory.by_address("new@demo.example") is None


def test_a_key_that_nobody_could_look_for_is_not_refused_for_good() -> None:
    store = _Store()
    store.save(POSTED, "first")
    directory = _directory(store)
    assert not directory.is_key("api", "second")
    store.save(POSTED, "second")
    store.is_away = True
    directory.look_again()
    assert directory.is_key("api", "first"), "what was known goes on being known"
    with pytest.raises(Unavailable):
        directory.is_key("api", "second")
    store.is_away = False
    directory.look_again()
    assert directory.is_key("api", "second")


def test_a_mailbox_whose_new_settings_a_later_release_wrote_goes_on_as_it_was() -> None:
    store = _Store()
    directory = _directory(store)
    assert directory.by_address("support@demo.example") is not None
    store.save(replace(_of_later_release(SUPPORT), is_paused=True))
    directory.look_again()
    found = directory.by_address("support@demo.example")
    assert found is not None
    assert found[0].is_paused, "a pause holds all the same"
    store.save(replace(SUPPORT, version=3, settings={"address": "moved@demo.example"}))
    directory.look_again()
    assert directory.by_address("moved@demo.example") is not None
    assert directory.by_address("support@demo.example") is None


def test_who_never_could_read_a_mailbox_refuses_none_of_its_mail_for_good() -> None:
    store = _Store(_of_later_release(SUPPORT))
    directory = _directory(store)
    with pytest.raises(Unavailable):
        directory.by_address("support@demo.example")
    assert directory.is_unreadable("support")
    assert directory.find("support") is None
    assert directory.all() == []
    # Nothing is missing any more.
    store.save(replace(SUPPORT, version=3))
    directory.look_again()
    assert directory.by_address("support@demo.example") is not None
    assert directory.by_address("new@demo.example") is None


def test_a_channel_that_is_no_mailbox_and_cannot_be_read_keeps_no_address_open() -> None:
    directory = _directory(_Store(SUPPORT, _of_later_release(POSTED)))
    assert directory.by_address("new@demo.example") is None
    assert directory.is_unreadable("api")
    assert not directory.is_unreadable("support")


class _Anything(BaseModel):
    """Settings of a kind that takes none."""


def _break_down(settings: _Anything, inbox: Inbox) -> NoReturn:
    raise RuntimeError(f"a mistake in the kind of {inbox.channel_id}")


def test_a_channel_that_cannot_be_built_leaves_its_neighbours_alone() -> None:
    directory = _directory(_Store(BROKEN, SUPPORT), Kind("broken", "", _Anything, _break_down))
    assert directory.find("support") is not None
    assert [one.channel_id for one in directory.all()] == ["support"]
    assert directory.is_unreadable("broken")


def test_addresses_of_neighbours_are_told_without_building_them_again() -> None:
    built: list[str] = []
    email = load_kinds(kinds)["email"]

    def build(settings: BaseModel, inbox: Inbox) -> LiveChannel:
        built.append(inbox.channel_id)
        return email.build(settings, inbox)

    directory = _directory(_Store(), replace(email, build=build))
    directory.all()
    assert directory.addresses_of(SUPPORT) == ["support@demo.example"]
    assert built == ["support"]
    moved = replace(SUPPORT, version=2, settings={"address": "moved@demo.example"})
    assert directory.addresses_of(moved) == ["moved@demo.example"]


def test_a_neighbour_that_cannot_be_built_hinders_nobody_who_saves_another_channel() -> None:
    directory = _directory(_Store(BROKEN, SUPPORT), Kind("broken", "", _Anything, _break_down))
    assert directory.addresses_of(BROKEN) == []
    directory.all()
    assert directory.addresses_of(_of_later_release(SUPPORT)) == ["support@demo.example"]


def test_a_list_for_all_is_everywhere_at_once_and_gone_when_it_is_taken_back() -> None:
    store = _Store(SUPPORT)
    directory = _directory(store)
    assert _screened(directory) == ""
    kept = {"address": "office@demo.example", "block_list": "casino.example", "lists_for_all": "true"}
    office = Channel("office", "Office", "email", "email", kept, version=1)
    store.save(office)
    directory.look_again()
    assert _screened(directory) == "casino.example [office]"
    store.save(replace(office, version=2, settings={**kept, "lists_for_all": "false"}))
    directory.look_again()
    assert _screened(directory) == ""


def _screened(directory: ChannelDirectory) -> str:
    """The entry that says something of a mail to support."""
    found = directory.find("support")
    assert found is not None
    screening = found[1].read(b"From: x@casino.example\r\nSubject: s\r\n\r\nWin\r\n", Envelope()).screening
    return screening.entry if screening is not None else ""


def _of_later_release(channel: Channel) -> Channel:
    return replace(channel, version=2, settings={**channel.settings, "of_a_later_release": "yes"})


def _no_bearer(source: object, secret: object) -> NoReturn:
    raise AssertionError("no token is asked for")
