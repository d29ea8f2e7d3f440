"""What is known of channels while the store is away."""

from collections.abc import Sequence
from typing import NoReturn, cast

import pytest

from chassis.errors import Unavailable
from services.ingest import channels as kinds
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.kinds import load_kinds
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.domain.channel import Channel
from services.ingest.domain.tokens import Tokens

SUPPORT = Channel("support", "Support", "email", "email", {"address": "support@demo.example"})


class _Store:
    """Has one mailbox, until it is away."""

    is_away = False

    def all_with_keys(self) -> Sequence[tuple[Channel, str]]:
        if self.is_away:
            raise Unavailable("database")
        return [(SUPPORT, "")]


def test_an_address_that_nobody_could_look_for_is_not_refused_for_good() -> None:
    store = _Store()
    directory = ChannelDirectory(
        cast("MongoChannels", store), load_kinds(kinds), Tokens(b"k" * 32), lambda name: name, _no_bearer
    )
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


def _no_bearer(source: object, secret: object) -> NoReturn:
    raise AssertionError("no token is asked for")
