"""The list and the ticket beside it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from services.console.application import views
from services.console.domain.bands import OVERDUE, band_of, bands
from services.console.domain.tickets import MERGED, PRIORITIES, STATUSES, Filter, Ticket, TicketPage
from services.console.pages.conversation import conversation
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Part, part
from services.console.pages.query import address, parse

NOW = timedelta(0)
ORDERS = {
    "clock": "clock",
    "newest": "created_at desc",
    "updated": "updated_at desc",
    "priority": "priority desc",
}


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """The whole state of the inbox; `sel` is the ticket in the preview, `after` the way to the next rows."""

    view: str = views.OPEN
    status: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    q: str = ""
    sort: str = "clock"
    sel: int = 0
    after: str = ""

    def filter(self, agent_id: str) -> Filter:
        """The view's filter; what the address names takes the place of what the view asks."""
        base = views.view_named(self.view, agent_id).filter
        return Filter(
            status=self.status or base.status,
            group=self.group or base.group,
            agent=self.agent or base.agent,
            channel=self.channel,
            tag=self.tag,
            priority=self.priority,
            text=self.q,
            unassigned=base.unassigned and not self.agent,
        )

    @property
    def is_filtered(self) -> bool:
        """More is asked than the view asks."""
        return bool(
            self.status or self.group or self.agent or self.channel or self.tag or self.priority or self.q
        )

    def bare(self) -> "InboxQuery":
        """The same list without a chosen ticket; what the stream and the links of rows carry."""
        return replace(self, sel=0, after="")

    def onward(self, token: str) -> "InboxQuery":
        """The next piece of the same list."""
        return replace(self.bare(), after=token)

    def in_order(self, sort: str) -> "InboxQuery":
        return replace(self.bare(), sort=sort)

    def without_tag(self, tag: str) -> "InboxQuery":
        return replace(self.bare(), tag=tuple(one for one in self.tag if one != tag))

    def with_filter(self, name: str, values: tuple[str, ...]) -> "InboxQuery":
        """The same list with another value of one filter; no values drop it."""
        if name == "q":
            return replace(self.bare(), q=" ".join(values))
        changed: dict[str, Any] = {name: values}
        return replace(self.bare(), **changed)


@dataclass(frozen=True, slots=True)
class FilterChip:
    """One filter: its name, its choices with the addresses that toggle them, and what is chosen."""

    name: str
    chosen: tuple[str, ...]
    choices: tuple[tuple[str, str, str, bool], ...]


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("inbox", __name__)

    @pages.get("/")
    def home() -> WerkzeugResponse:
        return redirect("/tickets", 303)

    @pages.get("/tickets")
    def show() -> Response:
        query = parse(InboxQuery, request.args)
        # Read before all else: what happens from here on, the stream tells.
        since = part(console.desk.tickets.get_sequence)
        rows = part(lambda: list_tickets(console, query))
        if query.after:
            return page("parts/more_rows.html", query=query, rows=rows, bands=banded(query, rows))
        chosen = chosen_ticket(console, query, rows)
        return page(
            "inbox.html",
            current="inbox",
            query=query,
            since=since,
            rows=rows,
            bands=banded(query, rows),
            chips=chips(query),
            views=view_links(query),
            counts=part(lambda: count_views(console)),
            talk=conversation(console, chosen) if chosen else None,
            chosen=chosen,
            best_drop=best_drop(console, query, rows),
            orders=tuple(ORDERS),
        )

    @pages.get("/counts")
    def counts() -> Response:
        query = parse(InboxQuery, request.args)
        return page("parts/views.html", views=view_links(query), counts=part(lambda: count_views(console)))

    @pages.get("/find")
    def find() -> Response:
        """Tickets for the palette: by number, else by words."""
        words = request.args.get("q", "").strip()
        return page("parts/found.html", found=part(lambda: find_tickets(console, words)))

    return pages


def list_tickets(console: Console, query: InboxQuery, page_size: int = 60) -> TicketPage:
    """A piece of the list; overdue is cut where the clocks begin to be in time."""
    here = frame()
    found = console.desk.tickets.list_tickets(
        query.filter(here.me.agent_id),
        order_by=ORDERS.get(query.sort, "clock"),
        page_size=page_size,
        page_token=query.after,
    )
    if not views.view_named(query.view, here.me.agent_id).only_overdue:
        return found
    late = tuple(ticket for ticket in found.tickets if band_of(ticket, here.words.now) == OVERDUE)
    return TicketPage(late, found.next_token if len(late) == len(found.tickets) else "")


def banded(query: InboxQuery, rows: Part[TicketPage]) -> dict[str, tuple[Ticket, ...]]:
    """Rows under their headings; one nameless heading where the order is not the clock's."""
    tickets = rows.value.tickets if rows.value else ()
    if query.sort != "clock":
        return {"all": tickets}
    found = {band.name: band.tickets for band in bands(tickets, frame().words.now)}
    return {name: found.get(name, ()) for name in ("overdue", "soon", "later")}


def chosen_ticket(console: Console, query: InboxQuery, rows: Part[TicketPage]) -> Ticket | None:
    """The ticket of the preview: the one in the address, else the first in sight."""
    tickets = rows.value.tickets if rows.value else ()
    if query.sel:
        listed = next((ticket for ticket in tickets if ticket.number == query.sel), None)
        return listed or part(lambda: console.desk.tickets.get_ticket(query.sel)).value
    in_order = [ticket for members in banded(query, rows).values() for ticket in members]
    return in_order[0] if in_order else None


def count_views(console: Console) -> dict[str, int]:
    """Sizes by the view's name."""
    here = frame()
    counted = views.counted_views(here.names, here.me.agent_id)
    sizes = console.desk.tickets.count_tickets([view.filter for view in counted])
    sized = {view.name: size for view, size in zip(counted, sizes, strict=False)}
    late = part(lambda: console.desk.sla.list_at_risk(NOW, page_size=1)).value
    if late is not None:
        sized[views.OVERDUE] = late.total
    return sized


def view_links(query: InboxQuery) -> list[tuple[str, str, bool]]:
    """Name, address and whether it is the present one; fixed views first, then groups."""
    names = [*views.FIXED, *(f"group:{group.group_id}" for group in frame().names.groups)]
    return [(name, address("/tickets", InboxQuery(view=name)), query.view == name) for name in names]


def chips(query: InboxQuery) -> tuple[FilterChip, ...]:
    """The filters that one can pick from lists; words and tags have fields of their own."""
    here = frame()
    w, names = here.words, here.names
    choices: dict[str, list[tuple[str, str]]] = {
        "status": [(status, w.status(status)) for status in (*STATUSES, MERGED)],
        "priority": [(priority, w.priority(priority)) for priority in reversed(PRIORITIES)],
        "group": [(group.group_id, group.name) for group in names.groups],
        "agent": [(agent.agent_id, agent.name) for agent in names.agents],
        "channel": [(channel.channel_id, channel.name or channel.channel_id) for channel in names.channels],
    }
    made = []
    for name, values in choices.items():
        chosen: tuple[str, ...] = getattr(query, name)
        links = []
        for value, shown in values:
            toggled = tuple(v for v in chosen if v != value) if value in chosen else (*chosen, value)
            links.append(
                (value, shown, address("/tickets", query.with_filter(name, toggled)), value in chosen)
            )
        shown_chosen = tuple(shown for value, shown, _, is_on in links if is_on)
        made.append(FilterChip(name, shown_chosen, tuple(links)))
    return tuple(made)


def best_drop(console: Console, query: InboxQuery, rows: Part[TicketPage]) -> tuple[str, str, int] | None:
    """For an empty list: the filter whose absence shows most (none where none alone helps), its address, how many."""
    if rows.value is None or rows.value.tickets or not query.is_filtered:
        return None
    here = frame()
    names = [
        name
        for name in ("q", "tag", "channel", "priority", "agent", "group", "status")
        if getattr(query, name)
    ]
    without = [query.with_filter(name, ()) for name in names]
    sizes = part(
        lambda: console.desk.tickets.count_tickets([other.filter(here.me.agent_id) for other in without])
    ).value
    if not sizes:
        return None
    best = max(range(len(names)), key=lambda at: sizes[at])
    if not sizes[best]:
        return "", address("/tickets", InboxQuery(view=query.view)), 0
    return names[best], address("/tickets", without[best]), sizes[best]


def find_tickets(console: Console, words: str) -> tuple[Ticket, ...]:
    """Up to eight tickets for what was typed."""
    if not words:
        return ()
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        exact = part(lambda: console.desk.tickets.get_ticket(int(number))).value
        if exact is not None:
            return (exact,)
    found = console.desk.tickets.list_tickets(Filter(text=words), order_by="updated_at desc", page_size=8)
    return found.tickets
