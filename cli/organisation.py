"""`relaydesk organisation`: companies whose people write to us."""

import argparse
from typing import Any

from cli.printing import table
from cli.system import System
from relaydesk.tickets.v1 import customers_pb2


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
