"""Fifty mailboxes at a real IMAP server, one of which nobody looked at for a week."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.dovecot_node import DovecotNode, dovecot
from tests.integration.fetching_desk import FetchingDesk, fetching_on
from tests.integration.ingest_desk import letter
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

MAILBOXES = 50
WEEK = 3_000
LASTING = timedelta(seconds=20)


@pytest.fixture(scope="module")
def desk(
    broker_url: str, broker_management_url: str, mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FetchingDesk]:
    folder = tmp_path_factory.mktemp("secrets")
    with fetching_on(broker_url, broker_management_url, mongo_url, folder) as desk:
        yield desk


@pytest.fixture(scope="module")
def server() -> Iterator[DovecotNode]:
    with dovecot() as node:
        yield node


@pytest.fixture
def link(server: DovecotNode) -> Iterator[TcpProxy]:
    """The way to the mailbox that was away, which can be held up."""
    with TcpProxy(server.port) as proxy:
        yield proxy


def counts(desk: FetchingDesk) -> Counter[str]:
    """Rows of the ledger by channel."""
    found = desk.ingest.database["intake"].aggregate([{"$sortByCount": "$channel_id"}])
    return Counter({row["_id"]: int(row["count"]) for row in found})


def are_settled(desk: FetchingDesk, names: list[str]) -> bool:
    """Every mailbox was wholly looked through, and nothing of it waits."""
    states = {state.channel_id: state for state in desk.mailboxes().states()}
    return all(
        name in states
        and states[name].looked_at is not None
        and not states[name].waiting
        and not states[name].trouble
        for name in names
    )


@pytest.mark.timeout(900)
def test_fifty_mailboxes_are_fetched_by_two_processes_and_one_of_a_week_starves_none(
    desk: FetchingDesk, server: DovecotNode, link: TcpProxy
) -> None:
    names = [f"box-{number:02}" for number in range(MAILBOXES)]
    away, others = names[0], names[1:]
    users = {name: desk.mailbox(name, server.port) for name in others}
    users[away] = desk.mailbox(away, link.port, imap_timeout_seconds="100")
    server.lay(users[away], (letter(f"<week-{number}@b>", "x" * 500) for number in range(WEEK)))
    for name in others:
        server.lay(users[name], [letter(f"<{name}-{number}@b>") for number in range(3)])
    link.freeze()
    first = desk.fetch(LASTING)
    wait_until(lambda: len(first.held()) == MAILBOXES, describe=first.held)
    second = desk.fetch(LASTING)

    # Nobody waits for the end of the long one.
    wait_until(lambda: are_settled(desk, others), timeout=90, interval=0.5, describe=lambda: counts(desk))
    assert counts(desk) == Counter(dict.fromkeys(others, 3))
    link.mend()
    wait_until(lambda: are_settled(desk, names), timeout=120, interval=0.5, describe=lambda: counts(desk))
    assert counts(desk) == Counter({away: WEEK, **dict.fromkeys(others, 3)})
    # All are held by one of the two, none by both for longer than it takes to notice.
    wait_until(
        lambda: sorted([*first.held(), *second.held()]) == names,
        describe=lambda: (first.held(), second.held()),
    )

    # What comes now is noticed by each, wherever the thread of its mailbox waits.
    for name in others:
        server.put(users[name], letter(f"<{name}-new@b>"))
    wait_until(
        lambda: all(count == 4 for name, count in counts(desk).items() if name != away),
        timeout=120,
        interval=0.5,
        describe=lambda: counts(desk),
    )
    # One process goes, and the other has them all.
    first.stop(timedelta(seconds=20))
    wait_until(lambda: second.held() == set(names), describe=second.held)
    for name in names:
        server.put(users[name], letter(f"<{name}-last@b>"))
    expected = Counter({away: WEEK + 1, **dict.fromkeys(others, 5)})
    wait_until(lambda: counts(desk) == expected, timeout=120, interval=0.5, describe=lambda: counts(desk))
    wait_until(lambda: are_settled(desk, names), interval=0.5)
