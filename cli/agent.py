"""`relaydesk agent`: people who answer."""

import argparse
import getpass
import sys
from typing import Any

from cli.printing import table
from cli.system import System
from relaydesk.tickets.v1 import accounts_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("agent", help="add and list agents").add_subparsers(
        metavar="WORD", required=True
    )
    added = group.add_parser("add", help="make an agent, or change the one with --id; prints the id")
    added.add_argument("name")
    added.add_argument("email")
    added.add_argument("--id", default="", help="made of the name where it is not given")
    added.add_argument("--role", default="agent", choices=("admin", "agent", "read_only"))
    added.add_argument(
        "--group", action="append", default=[], metavar="ID", help="may be given more than once"
    )
    added.add_argument(
        "--right",
        action="append",
        default=None,
        choices=("channels",),
        help="what the agent may do beside what the role may; may be given more than once",
    )
    added.add_argument(
        "--no-rights", dest="right", action="store_const", const=[], help="take all rights from the agent"
    )
    added.add_argument("--language", default="en", choices=("en", "pt", "ru"))
    added.add_argument(
        "--password",
        action="store_true",
        help="ask for a password, or read it from standard input where that is piped",
    )
    added.set_defaults(run=_add)
    group.add_parser("list", help="all agents").set_defaults(run=_list)


def _add(asked: argparse.Namespace, system: System) -> None:
    password = ""
    if asked.password:
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    wanted = accounts_pb2.Agent(
        id=asked.id,
        name=asked.name,
        email=asked.email,
        role=asked.role,
        groups=asked.group,
        language=asked.language,
        rights=asked.right or (),
    )
    request = accounts_pb2.SaveAgentRequest(
        agent=wanted, password=password, sets_rights=asked.right is not None
    )
    print(system.accounts.SaveAgent(request).agent.id)


def _list(asked: argparse.Namespace, system: System) -> None:
    agents = system.accounts.ListAgents(accounts_pb2.ListAgentsRequest()).agents
    table(
        ("ID", "ROLE", "EMAIL", "GROUPS", "RIGHTS", "NAME"),
        [(a.id, a.role, a.email, ",".join(a.groups), ",".join(a.rights), a.name) for a in agents],
    )
