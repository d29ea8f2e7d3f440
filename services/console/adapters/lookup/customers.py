"""Our own contract, version 1: `GET {url}/customers?email=` (or `phone=`, `external_id=`), described in docs/lookup.md."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from services.console.adapters.lookup.reading import JsonReader
from services.console.adapters.lookup.signing import signature_headers
from services.console.application.look_up import Deadline
from services.console.domain.outside import (
    LONGEST,
    MALFORMED,
    MOST_CUSTOMERS,
    MOST_FIELDS,
    MOST_LINKS,
    MOST_ORDERS,
    Customer,
    LookupFailed,
    Order,
    OutsideField,
    OutsideLink,
    Sought,
    Source,
    in_utc,
    openable,
    shortened,
)

VERSION = 1


def _or_empty(value: object) -> object:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_or_empty)]
Sum = Annotated[Decimal, Field(max_digits=15, decimal_places=4)]


class _Loose(BaseModel):
    # What a later version adds is no reason to show nothing.
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)


class _Field(_Loose):
    name: str
    value: Text = ""


class _Link(_Loose):
    title: str
    url: str


class _Order(_Loose):
    number: str
    date: Annotated[AwareDatetime, AfterValidator(in_utc)]
    status: Text = ""
    sum: Sum | None = None
    currency: Annotated[Text, Field(pattern="^([A-Z]{3})?$")] = ""
    url: Text = ""


class _Customer(_Loose):
    name: Text = ""
    url: Text = ""
    fields: list[_Field] = []
    links: list[_Link] = []
    orders: list[_Order] = []


class _Answer(_Loose):
    version: Literal[1]
    customers: list[_Customer]


class ContractSystem:
    """Implements OutsideSystem by our contract. `keys` reads the signing secret anew, so that a changed one counts."""

    def __init__(
        self,
        source: Source,
        reader: JsonReader,
        link_hosts: Collection[str],
        keys: Callable[[], tuple[bytes, ...]],
        stamp: Callable[[], tuple[str, int]],
    ) -> None:
        self.source = source
        self._reader = reader
        self._link_hosts = link_hosts
        self._keys = keys
        self._stamp = stamp

    def find(self, sought: Sought, deadline: Deadline) -> tuple[Customer, ...]:
        target = self._reader.target(f"/customers?{urlencode({sought.kind: sought.value})}")
        message_id, at = self._stamp()
        headers = {
            "relaydesk-lookup-version": str(VERSION),
            **signature_headers(self._keys(), message_id, at, target),
        }
        return customers_of(self._reader.get(target, headers, deadline), self._link_hosts)


def customers_of(body: bytes, link_hosts: Collection[str]) -> tuple[Customer, ...]:
    """What an answer of the contract says. Raises LookupFailed with the place of the first mistake."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        raise LookupFailed(MALFORMED, first_mistake(error)) from None
    return tuple(_customer(one, link_hosts) for one in answer.customers[:MOST_CUSTOMERS])


def first_mistake(error: ValidationError) -> str:
    """Where an answer is not of the agreed form, and how; nothing of what stands there."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "the answer"
    return f"its answer is not of the agreed form: {place}: {first['msg']}"[:LONGEST]


def _customer(wire: _Customer, hosts: Collection[str]) -> Customer:
    links = [OutsideLink(shortened(one.title), openable(one.url, hosts)) for one in wire.links[:MOST_LINKS]]
    return Customer(
        name=shortened(wire.name),
        url=openable(wire.url, hosts),
        fields=tuple(
            OutsideField(shortened(one.name), shortened(one.value)) for one in wire.fields[:MOST_FIELDS]
        ),
        links=tuple(link for link in links if link.url),
        orders=_newest([_order(one, hosts) for one in wire.orders]),
    )


def _newest(orders: Sequence[Order]) -> tuple[Order, ...]:
    return tuple(sorted(orders, key=lambda order: order.placed_at, reverse=True)[:MOST_ORDERS])


def _order(wire: _Order, hosts: Collection[str]) -> Order:
    return Order(
        number=shortened(wire.number),
        placed_at=wire.date,
        status=shortened(wire.status),
        total=wire.sum,
        currency=wire.currency,
        url=openable(wire.url, hosts),
    )
