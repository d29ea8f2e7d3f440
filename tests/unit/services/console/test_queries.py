"""The state of a page is its address, there and back."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.tickets import UNSOLVED, Filter
from services.console.pages.board import BoardQuery
from services.console.pages.inbox import InboxQuery
from services.console.pages.ledger import LedgerQuery
from services.console.pages.quarantine import QuarantineQuery
from services.console.pages.query import address, parse
from services.console.pages.sends import SendsQuery
from services.console.pages.sign_in import SignInQuery, inner_address
from services.console.pages.sla import RiskQuery
from services.console.pages.ticket import TicketQuery

words = st.text(st.characters(codec="utf-8", exclude_characters=","), min_size=1, max_size=12)
lists = st.lists(words, max_size=3).map(tuple)
texts = st.text(st.characters(codec="utf-8"), max_size=20)


def back(query: object) -> object:
    return parse(
        type(query), dict(parse_qsl(urlsplit(address("/somewhere", query)).query, keep_blank_values=True))
    )


@given(
    st.builds(
        InboxQuery,
        view=words, status=lists, group=lists, agent=lists, channel=lists, tag=lists, priority=lists,
        q=texts, sort=words, sel=st.integers(0, 2**63 - 1), after=texts,
    )
)  # fmt: skip
def test_every_state_of_the_inbox_survives_its_address(query: InboxQuery) -> None:
    assert back(query) == query


@pytest.mark.parametrize(
    "query",
    [
        TicketQuery(tab="changes", view="group:export"),
        BoardQuery(span="1h", end="2026-11-24T10:42:00+00:00"),
        LedgerQuery(span="7d"),
        LedgerQuery("1h", "2026-11-24T10:00", "2026-11-24T10:15", "support", "in_flight", "token/+="),
        QuarantineQuery(channel="support", after="token/+="),
        SendsQuery(state=("failed", "unknown"), after="x"),
        RiskQuery(within="15m"),
        SignInQuery(next="/tickets?view=mine&q=a b"),
    ],
)
def test_every_other_page_too(query: object) -> None:
    assert back(query) == query


def test_what_is_at_its_default_is_not_written() -> None:
    assert address("/tickets", InboxQuery(view="mine")) == "/tickets?view=mine"
    assert address("/tickets", InboxQuery()) == "/tickets"


def test_an_address_reads_as_a_person_would_write_it() -> None:
    query = InboxQuery(view="group:export", status=("open", "pending"), tag=("payment/*",), sel=48198)
    assert (
        address("/tickets", query) == "/tickets?view=group:export&status=open,pending&tag=payment/*&sel=48198"
    )


def test_what_is_malformed_counts_as_not_there() -> None:
    assert parse(InboxQuery, {"sel": "12a", "nonsense": "1", "status": ",,"}) == InboxQuery()
    assert parse(InboxQuery, {"sel": "9" * 40}) == InboxQuery()


def test_a_filter_of_the_address_takes_the_place_of_the_views() -> None:
    assert InboxQuery(view="mine").filter("kate") == Filter(status=UNSOLVED, agent=("kate",))
    assert InboxQuery(view="mine", status=("solved",)).filter("kate").status == ("solved",)
    assert InboxQuery(view="unassigned").filter("kate").unassigned
    assert not InboxQuery(view="unassigned", agent=("ana",)).filter("kate").unassigned


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "\t/tickets",
        "/a\nb",
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(wanted: str) -> None:
    assert inner_address(wanted) == "/tickets"


def test_after_signing_in_one_is_where_one_wanted_to_be() -> None:
    assert inner_address("/tickets?view=mine&sel=7") == "/tickets?view=mine&sel=7"
