"""`relaydesk group`: who answers which kind of ticket."""

import argparse
from typing import Any

from cli.printing import table
from cli.system import System
from relaydesk.tickets.v1 import accounts_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("group", help="add and list groups").add_subparsers(
        metavar="WORD", required=True
    )
    added = group.add_parser("add", help="make a group, or rename the one with --id; prints its id")
    added.add_argument("name")
    added.add_argument("--id", default="", help="made of the name where it is not given")
    added.set_defaults(run=_add)
    group.add_parser("list", help="all groups").set_defaults(run=_list)


def _add(asked: argparse.Namespace, system: System) -> None:
    wanted = accounts_pb2.Group(id=asked.id, name=asked.name)
    print(system.accounts.SaveGroup(accounts_pb2.SaveGroupRequest(group=wanted)).group.id)


def _list(asked: argparse.Namespace, system: System) -> None:
    groups = system.accounts.ListGroups(accounts_pb2.ListGroupsRequest()).groups
    table(("ID", "NAME"), [(group.id, group.name) for group in groups])
