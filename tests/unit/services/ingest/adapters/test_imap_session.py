"""A visit to a folder, at servers that do not keep what they offer."""

from contextlib import closing

from services.ingest.adapters.imap.session import Session
from services.ingest.domain.fetching import RemoteMailbox
from tests.fakes.imap_server import misbehaving
from tests.unit.services.ingest.channels.inboxes import anywhere


def test_a_server_that_offers_news_and_refuses_them_is_looked_at_from_time_to_time() -> None:
    paused: list[float] = []

    def pause(seconds: float) -> bool:
        paused.append(seconds)
        return False

    with misbehaving({1: b"Subject: a\r\n\r\na"}, {}, refused=frozenset({"IDLE"})) as server:
        remote = RemoteMailbox("127.0.0.1", server.port, "none", "desk", lambda: "secret", "INBOX", anywhere)
        with closing(Session(remote)) as session:
            for _ in range(2):
                assert session.uids_after(0) == [1]
                session.wait(pause, 60.0)
        assert server.heard.count("IDLE") == 1
        assert server.heard.count("LOGIN") == 1
    assert paused == [60.0, 60.0]
