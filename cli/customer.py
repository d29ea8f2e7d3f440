"""`relaydesk customer`: people who ask, as a card over all channels."""

import argparse
from collections.abc import Iterable
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.tickets.v1 import customers_pb2, service_pb2

_WHO = "id, e-mail address or phone"


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("customer", help="find customers, show one, merge two").add_subparsers(
        metavar="WORD", required=True
    )
    show = group.add_parser("show", help="a customer's card, with tickets, notes and changes")
    show.add_argument("who", help=_WHO)
    show.add_argument("--limit", type=int, default=20, metavar="N", help="of tickets and of changes")
    show.set_defaults(run=_show)
    find = group.add_parser("find", help="customers by address, phone, id or name")
    find.add_argument(
        "what", nargs="+", help="e-mail address, phone with its +, or words of the name; `ann*`"
    )
    find.add_argument("--external-id", action="store_true", help="WHAT is an id of another system")
    find.add_argument("--scope", default="", help="with --external-id: channel, or `telegram/*`")
    find.set_defaults(run=_find)
    merge = group.add_parser("merge", help="make one card of two; prints the merge's id")
    merge.add_argument("kept", help=f"whose card stays: {_WHO}")
    merge.add_argument("merged", help=f"whose becomes part of it: {_WHO}")
    merge.add_argument("--try", dest="is_trial", action="store_true", help="only show what it would be")
    merge.set_defaults(run=_merge)
    undo = group.add_parser("undo-merge", help="give a merged customer their own card back")
    undo.add_argument("who", help=f"who was merged: {_WHO}")
    undo.add_argument("--merge", default="", metavar="ID", help="this merge and no later one")
    undo.set_defaults(run=_undo)
    note = group.add_parser("note", help="write a note on a card")
    note.add_argument("who", help=_WHO)
    note.add_argument("text")
    note.set_defaults(run=_note)


def _show(asked: argparse.Namespace, system: System) -> None:
    customer_id, _ = _named(asked.who, system)
    card = system.customers.GetCustomer(customers_pb2.GetCustomerRequest(id=customer_id)).customer
    _print_card(card)
    request = service_pb2.ListTicketsRequest(requester=card.id, page_size=min(200, asked.limit))
    tickets = system.tickets.ListTickets(request).tickets
    print(f"\n{card.ticket_count} tickets, {card.unsolved_ticket_count} not solved")
    table(
        ("NUMBER", "STATUS", "CHANNEL", "CREATED", "SUBJECT"),
        [(t.number, t.status, t.channel, when(t.created_at), t.subject) for t in tickets],
    )
    wanted = customers_pb2.ListCustomerChangesRequest(customer_id=card.id, page_size=min(500, asked.limit))
    changes = system.customers.ListCustomerChanges(wanted).changes
    if changes:
        print()
    table(
        ("WHEN", "FACT", "BY", "WHAT"),
        [(when(c.occurred_at), c.fact, c.actor.name or c.actor.kind, _what(c)) for c in changes],
    )


def _find(asked: argparse.Namespace, system: System) -> None:
    what = " ".join(asked.what)
    request = _question(what)
    if asked.external_id:
        request = customers_pb2.FindCustomersRequest(external_id=what, scope=asked.scope)
    _print_list(system.customers.FindCustomers(request).customers)


def _merge(asked: argparse.Namespace, system: System) -> None:
    kept, merged = (_named(who, system) for who in (asked.kept, asked.merged))
    request = customers_pb2.MergeCustomersRequest(
        kept_id=kept[0], merged_id=merged[0], validate_only=asked.is_trial
    )
    answer = system.customers.MergeCustomers(request)
    if asked.is_trial:
        _print_card(answer.customer)
    else:
        print(answer.merge_id)


def _undo(asked: argparse.Namespace, system: System) -> None:
    # Of a card of several the address says which of them is meant.
    _, customer_id = _named(asked.who, system)
    request = customers_pb2.UndoMergeRequest(customer_id=customer_id, merge_id=asked.merge)
    answer = system.customers.UndoMerge(request)
    _print_list([answer.customer, answer.kept])


def _note(asked: argparse.Namespace, system: System) -> None:
    customer_id, _ = _named(asked.who, system)
    system.customers.AddNote(customers_pb2.AddNoteRequest(customer_id=customer_id, text=asked.text))


def _question(what: str) -> customers_pb2.FindCustomersRequest:
    if "@" in what:
        return customers_pb2.FindCustomersRequest(email=what)
    if what.lstrip().startswith("+"):
        return customers_pb2.FindCustomersRequest(phone=what)
    return customers_pb2.FindCustomersRequest(text=what)


def _named(who: str, system: System) -> tuple[str, str]:
    """The id of the card, and of the customer on it who is meant. Raises ValueError."""
    request = _question(who)
    if request.text:
        return who, who
    for card in system.customers.FindCustomers(request).customers:
        # The server has the address in its normal form, and finds claims too, behind what is known.
        known = [one for one in card.identities if not one.is_claim and _is_meant(one, request)]
        if known:
            return card.id, known[0].customer_id
    raise ValueError(f"nobody is known by {who}")


def _is_meant(identity: customers_pb2.Identity, request: customers_pb2.FindCustomersRequest) -> bool:
    if request.email:
        return identity.kind == "email" and identity.value == request.email.strip().lower()
    digits = "+" + "".join(filter(str.isdigit, request.phone))
    return identity.kind == "phone" and identity.value == digits


def _print_list(customers: Iterable[customers_pb2.Customer]) -> None:
    table(
        ("ID", "NAME", "E-MAIL", "PHONE", "ORGANISATION", "SINCE"),
        [(c.id, c.name, c.email, c.phone, c.organisation.name, when(c.created_at)) for c in customers],
    )


def _print_card(card: customers_pb2.Customer) -> None:
    internal = f"yes ({card.internal_reason})" if card.internal else ""
    facts = (
        ("name", card.name),
        ("organisation", card.organisation.name),
        ("language", card.language),
        ("internal", internal),
        ("first met by", card.channel),
        ("since", when(card.created_at)),
        ("version", str(card.version)),
    )
    table(("id", card.id), [fact for fact in facts if fact[1]])
    print()
    table(
        ("KNOWN BY", "VALUE", "SCOPE", "SINCE", "CHANNEL", ""),
        [
            (one.kind, one.value, one.scope, when(one.known_since), one.channel, _remark(one))
            for one in card.identities
        ],
    )
    if card.merges:
        print()
    table(
        ("MERGED", "NAME", "INTO", "WHEN", "BY", "MERGE"),
        [
            (m.customer_id, m.name, m.into_id, when(m.merged_at), m.actor.name or m.actor.kind, m.id)
            for m in card.merges
        ],
    )


def _remark(identity: customers_pb2.Identity) -> str:
    if identity.held_by:
        return f"claimed; known of {identity.held_by}"
    if identity.is_claim:
        return "claimed"
    return f"mail: {identity.mail_reach.state}" if identity.mail_reach.state else ""


def _what(change: customers_pb2.CustomerChange) -> str:
    if change.text:
        return change.text
    if change.other_id:
        return f"with {change.other_id}, merge {change.merge_id}"
    return "; ".join(f"{step.field}: {step.old or '-'} to {step.new or '-'}" for step in change.changes)
