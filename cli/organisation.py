"""`relaydesk organisation`: companies whose people write to us."""

import argparse
from collections.abc import Iterator
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.tickets.v1 import customers_pb2

_AT_ONCE = 200


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("organisation", help="add and list organisations").add_subparsers(
        metavar="WORD", required=True
    )
    added = group.add_parser("add", help="make an organisation, or change the one with --id; prints the id")
    added.add_argument("name")
    added.add_argument(
        "--domain",
        action="append",
        default=[],
        help="whose addresses are theirs; may be given more than once",
    )
    added.add_argument("--own", action="store_true", help="it is ours: its people are colleagues")
    added.add_argument("--id", default="", help="made of the name where it is not given")
    added.set_defaults(run=_add)
    group.add_parser("list", help="all organisations").set_defaults(run=_list)
    history = group.add_parser("history", help="who changed what of organisations, and when")
    history.add_argument("id", nargs="?", default="", help="one organisation's; all without it")
    history.add_argument("--limit", type=int, default=50, help="changes at most, newest first; 50")
    history.set_defaults(run=_history)


def _add(asked: argparse.Namespace, system: System) -> None:
    wanted = customers_pb2.Organisation(id=asked.id, name=asked.name, domains=asked.domain, is_own=asked.own)
    request = customers_pb2.SaveOrganisationRequest(organisation=wanted)
    print(system.customers.SaveOrganisation(request).organisation.id)


def _list(asked: argparse.Namespace, system: System) -> None:
    found = system.customers.ListOrganisations(customers_pb2.ListOrganisationsRequest()).organisations
    table(
        ("ID", "NAME", "OWN", "DOMAINS"),
        [(one.id, one.name, "yes" if one.is_own else "", ", ".join(one.domains)) for one in found],
    )


def _history(asked: argparse.Namespace, system: System) -> None:
    table(
        ("WHEN", "ORGANISATION", "BY", "FIELD", "FROM", "TO"),
        [
            (
                when(change.changed_at),
                change.organisation_id,
                change.actor.name or change.actor.id or change.actor.kind,
                step.field,
                step.old,
                step.new,
            )
            for change in _changes(asked, system)
            for step in change.changes
        ],
    )


def _changes(asked: argparse.Namespace, system: System) -> Iterator[customers_pb2.OrganisationChange]:
    token, left = "", asked.limit
    while left > 0:
        request = customers_pb2.ListOrganisationChangesRequest(
            organisation_id=asked.id, page_size=min(left, _AT_ONCE), page_token=token
        )
        page = system.customers.ListOrganisationChanges(request)
        yield from page.changes
        left -= len(page.changes)
        token = page.next_page_token
        if not token:
            return
