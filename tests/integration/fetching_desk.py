"""Mailboxes that are fetched: channels of an ingest desk whose mail lies at an IMAP server of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.ingest import __main__ as main
from services.ingest.adapters.imap.budget import Budget
from services.ingest.adapters.imap.fetcher import IN_HAND, MailFetcher
from services.ingest.adapters.imap.visit import CHUNK_BYTES, Place
from services.ingest.adapters.mongo.mailboxes import MailboxState, MongoMailboxes
from tests.dovecot_node import PASSWORD
from tests.integration.ingest_desk import IngestDesk, Sockets, ingest_on
from tests.waiting import wait_until


@dataclass
class FetchingDesk:
    """An ingest, and as many processes' worth of fetchers as a test starts."""

    ingest: IngestDesk
    sockets: Sockets
    fetchers: list[MailFetcher] = field(default_factory=list)

    def mailbox(self, channel_id: str, port: int, **settings: str) -> str:
        """Make a channel whose mail is fetched; answers its user."""
        address = f"{channel_id}@fetched.example"
        known = {
            "address": address,
            "imap_host": "127.0.0.1",
            "imap_port": str(port),
            "imap_security": "none",
            "imap_password_secret": "imap-password",
            "imap_timeout_seconds": "30",
            **settings,
        }
        self.ingest.save(self.sockets.rpc, channel_id, "email", "email", **known)
        return address

    def fetch(self, lasting: timedelta = timedelta(seconds=4)) -> MailFetcher:
        """Start a replica's fetcher, with leases that last so long."""
        parts = self.ingest.desk.parts("work")
        ground = main.ground_of(parts, self.ingest.settings)
        place = Place(ground.edge, ground.mailboxes, parts.clock, Budget(IN_HAND, CHUNK_BYTES))
        fetcher = MailFetcher(place, parts.leases, ground.takes, lasting)
        fetcher.start()
        self.fetchers.append(fetcher)
        return fetcher

    def end_fetchers(self) -> None:
        """Stop all that were started."""
        for fetcher in self.fetchers:
            fetcher.stop(timedelta(seconds=5))
        self.fetchers.clear()

    def rows(self, channel_id: str) -> list[dict[str, Any]]:
        """What the ledger has of a channel."""
        return [row for row in self.ingest.rows() if row["channel_id"] == channel_id]

    def await_rows(self, channel_id: str, count: int, timeout: float = 60) -> list[dict[str, Any]]:
        """Wait until the ledger has so many."""
        wait_until(
            lambda: len(self.rows(channel_id)) >= count,
            timeout=timeout,
            describe=lambda: (len(self.rows(channel_id)), self.state(channel_id)),
        )
        return self.rows(channel_id)

    def mailboxes(self) -> MongoMailboxes:
        """What is known of all mailboxes."""
        return main.ground_of(self.ingest.desk.parts("test"), self.ingest.settings).mailboxes

    def state(self, channel_id: str) -> MailboxState | None:
        """How it goes with a mailbox."""
        return next((one for one in self.mailboxes().states() if one.channel_id == channel_id), None)

    def await_waiting(self, channel_id: str, count: int) -> MailboxState:
        """Wait until so many mails are told to be on the server and not in the ledger."""

        def told() -> MailboxState | None:
            state = self.state(channel_id)
            return state if state is not None and state.looked_at and state.waiting == count else None

        found = wait_until(told, describe=lambda: self.state(channel_id))
        assert found is not None
        return found

    def await_trouble(self, channel_id: str) -> str:
        """Wait for the words of what is wrong."""

        def told() -> str:
            state = self.state(channel_id)
            return state.trouble if state is not None else ""

        return wait_until(told, describe=lambda: self.state(channel_id))


@contextmanager
def fetching_on(
    broker_url: str, management_url: str, mongo_url: str, folder: Path, **settings: Any
) -> Iterator[FetchingDesk]:
    """A desk, gone afterwards."""
    (folder / "imap-password").write_text(PASSWORD)
    (folder / "wrong-password").write_text("open-barley")
    with ingest_on(
        broker_url, management_url, mongo_url, folder, **{"sweep_after": timedelta(seconds=1), **settings}
    ) as ingest:
        desk = FetchingDesk(ingest, ingest.serve())
        try:
            yield desk
        finally:
            desk.end_fetchers()
