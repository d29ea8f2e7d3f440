"""`relaydesk ticket`: tickets as a list, one with its conversation, several made one."""

import argparse
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.tickets.v1 import service_pb2, ticket_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("ticket", help="list tickets, show one, merge several").add_subparsers(
        metavar="WORD", required=True
    )
    listed = group.add_parser("list", help="tickets, newest first")
    for name in ("status", "group", "agent", "channel", "tag", "priority"):
        listed.add_argument(f"--{name}", action="append", default=[], help="may be given more than once")
    listed.add_argument("--requester", default="", help="id, e-mail address or phone")
    listed.add_argument("--text", default="", help="words of the subject, the requester or the last message")
    listed.add_argument("--order", default="", metavar="FIELD", help='for instance clock, or "priority desc"')
    listed.add_argument("--limit", type=int, default=50, metavar="N")
    listed.set_defaults(run=_list)
    show = group.add_parser("show", help="a ticket with its conversation and its changes")
    show.add_argument("ticket", help="number or id")
    show.set_defaults(run=_show)
    merge = group.add_parser("merge", help="make tickets part of another")
    merge.add_argument("tickets", nargs="+", metavar="TICKET", help="number or id of those that become part")
    merge.add_argument("--into", required=True, metavar="TICKET", help="the one that stays")
    merge.add_argument("--reason", default="", help="why, for the history")
    merge.add_argument(
        "--other-requester", action="store_true", help="also where somebody else asked: they are in copy then"
    )
    merge.add_argument("--try", dest="is_trial", action="store_true", help="only say what would be")
    merge.set_defaults(run=_merge)
    undo = group.add_parser("unmerge", help="make a merged ticket what it was")
    undo.add_argument("ticket", help="number or id")
    undo.set_defaults(run=_unmerge)


def _list(asked: argparse.Namespace, system: System) -> None:
    tickets: list[ticket_pb2.Ticket] = []
    request = service_pb2.ListTicketsRequest(
        status=asked.status,
        group=asked.group,
        agent=asked.agent,
        channel=asked.channel,
        tag=asked.tag,
        priority=asked.priority,
        requester=asked.requester,
        text=asked.text,
        order_by=asked.order,
    )
    while len(tickets) < asked.limit:
        request.page_size = min(200, asked.limit - len(tickets))
        page = system.tickets.ListTickets(request)
        tickets += page.tickets
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    table(
        ("NUMBER", "STATUS", "PRIORITY", "CHANNEL", "GROUP", "AGENT", "REQUESTER", "CREATED", "SUBJECT"),
        [
            (
                t.number,
                t.status,
                t.priority,
                t.channel,
                t.group,
                t.agent,
                _person(t),
                when(t.created_at),
                t.subject,
            )
            for t in tickets
        ],
    )


def _named(ticket: str, system: System) -> ticket_pb2.Ticket:
    """By number, as 48001 or #48001, or by id."""
    number = ticket.removeprefix("#")
    request = service_pb2.GetTicketRequest(id=ticket)
    if number.isdecimal() and len(number) < 16:
        request = service_pb2.GetTicketRequest(number=int(number))
    return system.tickets.GetTicket(request).ticket


def _merge(asked: argparse.Namespace, system: System) -> None:
    answer = system.tickets.MergeTickets(
        service_pb2.MergeTicketsRequest(
            target_id=_named(asked.into, system).id,
            source_ids=[_named(one, system).id for one in asked.tickets],
            reason=asked.reason,
            allow_other_requester=asked.other_requester,
            validate_only=asked.is_trial,
        )
    )
    for source in answer.sources:
        print(f"#{source.number} {'would be' if asked.is_trial else 'is'} part of #{answer.target.number}")
    for email in answer.joined:
        print(f"in copy of #{answer.target.number}: {email}")


def _unmerge(asked: argparse.Namespace, system: System) -> None:
    request = service_pb2.UnmergeTicketRequest(ticket_id=_named(asked.ticket, system).id)
    answer = system.tickets.UnmergeTicket(request)
    print(f"#{answer.ticket.number} is {answer.ticket.status}, and no part of #{answer.target.number}")


def _show(asked: argparse.Namespace, system: System) -> None:
    ticket = _named(asked.ticket, system)
    facts = (
        ("id", ticket.id),
        ("status", ticket.status),
        ("priority", ticket.priority),
        ("channel", ticket.channel),
        ("requester", f"{ticket.requester.name} <{_person(ticket)}>"),
        ("group", ticket.group),
        ("agent", ticket.agent),
        ("tags", ", ".join(ticket.tags)),
        ("created", when(ticket.created_at)),
        ("version", str(ticket.version)),
    )
    table((f"#{ticket.number}", ticket.subject), [fact for fact in facts if fact[1]])
    for message in system.tickets.ListMessages(service_pb2.ListMessagesRequest(ticket_id=ticket.id)).messages:
        author = message.author.name or message.author.kind
        state = f", {message.delivery_state}" if message.delivery_state else ""
        print(
            f"\n--- {when(message.created_at)} {author} ({message.visibility}{state})\n{message.text.strip()}"
        )
    print()
    changes = system.tickets.ListChanges(service_pb2.ListChangesRequest(ticket_id=ticket.id)).changes
    table(
        ("VERSION", "WHEN", "FACT", "BY", "CHANGES"),
        [(c.version, when(c.occurred_at), c.fact, c.actor.name or c.actor.kind, _steps(c)) for c in changes],
    )


def _person(ticket: ticket_pb2.Ticket) -> str:
    requester = ticket.requester
    return requester.email or requester.phone or requester.external_id


def _steps(change: service_pb2.Change) -> str:
    return "; ".join(f"{step.field}: {step.old or '-'} to {step.new or '-'}" for step in change.changes)
