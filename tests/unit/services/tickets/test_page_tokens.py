from datetime import UTC, datetime

import pytest

from chassis.errors import InvalidField
from relaydesk.tickets.v1.service_pb2 import ListTicketsRequest
from services.tickets.adapters.rpc.page_tokens import PageTokens
from services.tickets.domain.selection import Position

TOKENS = PageTokens("ab" * 32)


@pytest.mark.parametrize(
    "value", [7, datetime(2026, 3, 2, 10, 0, 0, 123000, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)]
)
def test_a_token_brings_back_the_position_to_the_millisecond(value: datetime | int) -> None:
    request = ListTicketsRequest(status=["open"])
    request.page_token = TOKENS.write(request, Position(value, "t1"))
    assert TOKENS.read(request) == Position(value, "t1")


def test_another_page_size_may_go_on_with_the_same_token() -> None:
    token = TOKENS.write(ListTicketsRequest(page_size=10), Position(7, "t1"))
    assert TOKENS.read(ListTicketsRequest(page_size=20, page_token=token)) == Position(7, "t1")


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-2], lambda t: "A" + t[1:], lambda t: t + "AAAA", lambda t: "é", lambda t: "-"]
)
def test_a_token_that_we_did_not_write_is_refused(spoil: object) -> None:
    token = TOKENS.write(ListTicketsRequest(), Position(7, "t1"))
    with pytest.raises(InvalidField):
        TOKENS.read(ListTicketsRequest(page_token=spoil(token)))  # type: ignore[operator]


def test_a_token_of_another_installation_is_refused() -> None:
    token = PageTokens("cd" * 32).write(ListTicketsRequest(), Position(7, "t1"))
    with pytest.raises(InvalidField):
        TOKENS.read(ListTicketsRequest(page_token=token))
