"""What a list request asks for."""

from datetime import datetime
from typing import Literal

from chassis.errors import InvalidField
from chassis.stamps import moment_of
from relaydesk.tickets.v1 import service_pb2
from services.tickets.domain import status as statuses
from services.tickets.domain.checks import Checks
from services.tickets.domain.selection import ORDERS, Order, Selection

_Moment = Literal["created_after", "created_before", "updated_after", "updated_before"]

LARGEST_PAGE = 200
USUAL_PAGE = 50
_MOST_VALUES = 100
_LONGEST_TEXT = 500


def selection_of(request: service_pb2.ListTicketsRequest, field: str = "") -> Selection:
    """The filter. Raises InvalidField(s), named below `field`."""
    checks = Checks()
    for name, known in (("status", statuses.STATUSES), ("priority", statuses.PRIORITIES)):
        for value in getattr(request, name):
            checks.one_of(value, known, field + name)
    for name in ("status", "group", "agent", "channel", "tag", "priority"):
        count = len(getattr(request, name))
        checks.that(count <= _MOST_VALUES, field + name, f"at most {_MOST_VALUES} values", str(count))
    checks.that(len(request.text) <= _LONGEST_TEXT, f"{field}text", f"at most {_LONGEST_TEXT} characters")
    checks.done()

    def moment(name: _Moment) -> datetime | None:
        return moment_of(getattr(request, name)) if request.HasField(name) else None

    return Selection(
        statuses=tuple(request.status),
        groups=tuple(request.group),
        agents=tuple(request.agent),
        channels=tuple(request.channel),
        tags=tuple(request.tag),
        priorities=tuple(request.priority),
        requester=request.requester,
        text=request.text,
        created_after=moment("created_after"),
        created_before=moment("created_before"),
        updated_after=moment("updated_after"),
        updated_before=moment("updated_before"),
        is_unassigned=request.unassigned,
    )


def order_of(request: service_pb2.ListTicketsRequest) -> Order:
    """The order; newest first where none is named. Raises InvalidField."""
    if not request.order_by:
        return Order()
    by, _, direction = request.order_by.partition(" ")
    if by not in ORDERS or direction not in ("", "asc", "desc"):
        expected = f"one of {', '.join(ORDERS)}, alone or with ' desc'"
        raise InvalidField("order_by", expected, request.order_by)
    return Order(by, direction == "desc")


def page_size_of(request: service_pb2.ListTicketsRequest) -> int:
    """How many tickets. Raises InvalidField."""
    if not 0 <= request.page_size <= LARGEST_PAGE:
        raise InvalidField("page_size", f"1 to {LARGEST_PAGE}, or 0 for {USUAL_PAGE}", str(request.page_size))
    return request.page_size or USUAL_PAGE
