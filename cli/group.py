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
    added.add_argument("--manager", default=None, help="the agent whom rules tell of trouble; '' for nobody")
    added.set_defaults(run=_add)
    group.add_parser("list", help="all groups").set_defaults(run=_list)


def _add(asked: argparse.Namespace, system: System) -> None:
    wanted = accounts_pb2.Group(id=asked.id, name=asked.name, manager=asked.manager or "")
    request = accounts_pb2.SaveGroupRequest(group=wanted, sets_manager=asked.manager is not None)
    print(system.accounts.SaveGroup(request).group.id)


def _list(asked: argparse.Namespace, system: System) -> None:
    groups = system.accounts.ListGroups(accounts_pb2.ListGroupsRequest()).groups
    table(("ID", "NAME", "MANAGER"), [(group.id, group.name, group.manager) for group in groups])
