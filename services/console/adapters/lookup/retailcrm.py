"""RetailCRM, API version 5: its customers and their orders, read only.

`GET /api/v5/customers?filter[…]` with `filter[email]`, `filter[name]` (which looks into names and phone numbers) or
`filter[externalIds][]`, then `GET /api/v5/orders?filter[customerId]=`, both with the key in `X-API-KEY`; answers are
`{"success": true, "customers" or "orders": […]}` (docs.retailcrm.ru, "API v5"; the names of filters as in
github.com/retailcrm/api-client-php, src/Model/Filter). Moments are `Y-m-d H:i:s` in the account's time zone.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.console.adapters.lookup.customers import first_mistake
from services.console.adapters.lookup.reading import Ask, JsonReader
from services.console.application.look_up import Deadline
from services.console.domain.outside import (
    EMAIL,
    MALFORMED,
    MOST_ORDERS,
    PHONE,
    REFUSED,
    Customer,
    LookupFailed,
    Order,
    OutsideField,
    Sought,
    Source,
    in_utc,
    openable,
    shortened,
)

# Each of them costs a question of its own, within the time for all.
_MOST = 3
# The smallest page that it gives.
_PAGE = 20
# Digits by which two numbers are the same, however their country is written (+7 921, 8 921).
_SUBSCRIBER = 10
_LONGEST_SUM = 12
_AT = "%Y-%m-%d %H:%M:%S"


def _or_nothing(value: object) -> object:
    return "" if value is None else value


def _listed(value: object) -> object:
    return value if isinstance(value, list) else []


Text = Annotated[str, BeforeValidator(_or_nothing)]


def _rounded(sum_: Decimal) -> Decimal:
    """To the cent: sums are binary fractions there, and may come with a dozen places."""
    if sum_.adjusted() > _LONGEST_SUM:
        raise ValueError("no sum is that large")
    return round(sum_, 2)


Sum = Annotated[Decimal, AfterValidator(_rounded)]


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)


class _Phone(_Loose):
    number: Text = ""


class _Person(_Loose):
    # Numbers go into addresses: nothing else may.
    id: int
    firstName: Text = ""  # noqa: N815 - its name
    lastName: Text = ""  # noqa: N815 - its name
    email: Text = ""
    externalId: Text = ""  # noqa: N815 - its name
    phones: Annotated[list[_Phone], BeforeValidator(_listed)] = []
    ordersCount: int | None = None  # noqa: N815 - its name
    totalSumm: Sum | None = None  # noqa: N815 - its name
    vip: bool | None = None
    bad: bool | None = None


class _Order(_Loose):
    id: int
    number: Text = ""
    createdAt: str  # noqa: N815 - its name
    status: Text = ""
    totalSumm: Sum | None = None  # noqa: N815 - its name
    currency: Annotated[Text, Field(pattern="^([A-Z]{3})?$")] = ""


class _Answer(_Loose):
    success: Literal[True]


A = TypeVar("A", bound=_Answer)


class _People(_Answer):
    customers: list[_Person]


class _Orders(_Answer):
    orders: list[_Order]


class _Refusal(_Loose):
    success: Literal[False]
    errorMsg: Text = ""  # noqa: N815 - its name


@dataclass(frozen=True, slots=True)
class Manners:
    """What an account has of its own: where its pages are, its time, and words for the codes of statuses."""

    pages: str
    zone: ZoneInfo
    statuses: Mapping[str, str]


class RetailCrm:
    """Implements OutsideSystem. `key` reads the API key anew, so that a changed one counts."""

    def __init__(
        self,
        source: Source,
        reader: JsonReader,
        link_hosts: Collection[str],
        key: Callable[[], str],
        manners: Manners,
    ) -> None:
        self.source = source
        self._reader = reader
        self._link_hosts = link_hosts
        self._key = key
        self._manners = manners

    def find(self, sought: Sought, deadline: Deadline) -> tuple[Customer, ...]:
        with self._reader.connected(deadline) as ask:
            people = self._ask(ask, "customers", _filter_of(sought), _People).customers
            # Its filters find parts of words too, and names; only who has exactly this address or number is meant.
            meant = [person for person in people if _is_meant(person, sought)][:_MOST]
            return tuple(self._customer(ask, person) for person in meant)

    def _ask(self, ask: Ask, what: str, wanted: Mapping[str, str], shape: type[A]) -> A:
        query = urlencode({**wanted, "limit": _PAGE, "page": 1})
        target = self._reader.target(f"/api/v5/{what}?{query}")
        body = ask(target, {"X-API-KEY": self._key()})
        try:
            return shape.model_validate_json(body)
        except ValidationError as error:
            raise _explained(body, error) from None

    def _customer(self, ask: Ask, person: _Person) -> Customer:
        orders = self._ask(ask, "orders", {"filter[customerId]": str(person.id)}, _Orders).orders
        shown = sorted((self._order(one) for one in orders), key=lambda one: one.placed_at, reverse=True)
        return Customer(
            name=shortened(f"{person.firstName} {person.lastName}"),
            url=self._page(f"/customers/{person.id}"),
            fields=tuple(_fields_of(person)),
            orders=tuple(shown[:MOST_ORDERS]),
        )

    def _order(self, order: _Order) -> Order:
        try:
            placed_at = in_utc(datetime.strptime(order.createdAt, _AT).replace(tzinfo=self._manners.zone))
        except ValueError:
            raise LookupFailed(MALFORMED, "its answer has an order whose createdAt is no moment") from None
        return Order(
            number=shortened(order.number or str(order.id)),
            placed_at=placed_at,
            status=shortened(self._manners.statuses.get(order.status, order.status)),
            total=order.totalSumm,
            currency=order.currency,
            url=self._page(f"/orders/{order.id}/edit"),
        )

    def _page(self, path: str) -> str:
        return openable(self._manners.pages + path, self._link_hosts)


def _filter_of(sought: Sought) -> dict[str, str]:
    if sought.kind == EMAIL:
        return {"filter[email]": sought.value}
    if sought.kind == PHONE:
        return {"filter[name]": sought.value}
    return {"filter[externalIds][]": sought.value}


def _is_meant(person: _Person, sought: Sought) -> bool:
    if sought.kind == EMAIL:
        return person.email.casefold() == sought.value.casefold()
    if sought.kind == PHONE:
        wanted = _digits(sought.value)
        return any(_digits(phone.number) == wanted for phone in person.phones)
    return person.externalId == sought.value


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdigit())[-_SUBSCRIBER:]


def _fields_of(person: _Person) -> list[OutsideField]:
    """What RetailCRM says of the person; the names are its own, as its users know them."""
    found = []
    if person.vip:
        found.append(OutsideField("VIP", "✓"))
    if person.bad:
        found.append(OutsideField("Bad", "✓"))
    if person.ordersCount is not None:
        found.append(OutsideField("Orders", str(person.ordersCount)))
    if person.totalSumm is not None:
        found.append(OutsideField("Total", f"{person.totalSumm:f}"))
    return found


def _explained(body: bytes, mistake: ValidationError) -> LookupFailed:
    try:
        refusal = _Refusal.model_validate_json(body)
    except ValidationError:
        return LookupFailed(MALFORMED, first_mistake(mistake))
    return LookupFailed(REFUSED, "it refuses", said=refusal.errorMsg)
