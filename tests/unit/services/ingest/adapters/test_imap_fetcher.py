"""Mailboxes of one process, and the end of it."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from chassis.clock import monotonic
from chassis.leases import Lease
from services.ingest.adapters.imap.fetcher import MailFetcher, Pauses
from services.ingest.domain.fetching import RemoteMailbox
from tests.unit.services.ingest.channels.inboxes import anywhere

REMOTE = RemoteMailbox("imap.example", 993, "tls", "desk", lambda: "", "INBOX", anywhere)


@dataclass
class SlowLeases:
    """A store that answers a first question only when it is let."""

    asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    given_back: list[str] = field(default_factory=list)

    def take(self, name: str, owner: str, lasting: timedelta) -> Lease:
        self.asked.set()
        self.may_answer.wait(60)
        return Lease(name, owner, 1, monotonic() + 60)

    def give_back(self, lease: Lease) -> None:
        self.given_back.append(lease.name)


def test_a_mailbox_that_comes_while_the_process_ends_is_given_back() -> None:
    channel = SimpleNamespace(channel_id="desk", is_paused=False, version=1)
    live = SimpleNamespace(remote=REMOTE)
    directory = SimpleNamespace(all=lambda: [channel], find=lambda name: (channel, live))
    leases = SlowLeases()
    place = cast("Any", SimpleNamespace(edge=SimpleNamespace(directory=directory)))
    fetcher = MailFetcher(place, cast("Any", leases), lambda one: True)
    fetcher.start()
    assert leases.asked.wait(60)
    fetcher.stop(timedelta(seconds=0.1))
    leases.may_answer.set()
    fetcher.stop(timedelta(seconds=10))
    assert fetcher.held() == frozenset()
    assert leases.given_back == ["mailbox:desk"]


def test_a_server_that_fails_is_left_alone_for_longer_each_time() -> None:
    pauses = Pauses()
    assert [pauses.after(1.0, has_moved=False) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert pauses.after(1.0, has_moved=True) == 1
    assert pauses.after(1.0, has_moved=False) == 2


def test_a_connection_that_stood_long_is_made_again_at_once_also_where_no_mail_came() -> None:
    # Many servers end each connection after half an hour.
    pauses = Pauses()
    assert [pauses.after(1800.0, has_moved=False) for _ in range(9)] == [1] * 9
