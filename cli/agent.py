"""`relaydesk agent`: people who answer."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.tickets.v1 import accounts_pb2

_AT_ONCE = 200


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("agent", help="add, list and change agents").add_subparsers(
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
    _add_changes(group)


def _add_changes(group: Any) -> None:
    changed = group.add_parser("change", help="change what one agent may do, and leave the rest")
    changed.add_argument("id")
    changed.add_argument("--role", default="", choices=("admin", "agent", "read_only"))
    for option, about in (("--add-right", "give a right"), ("--take-right", "take a right away")):
        changed.add_argument(option, action="append", default=[], choices=("channels",), help=about)
    here = changed.add_mutually_exclusive_group()
    here.add_argument(
        "--deactivate",
        action="store_true",
        help="the agent signs in no more, tokens are refused, nothing new is assigned",
    )
    here.add_argument("--activate", action="store_true", help="the agent is back")
    changed.set_defaults(run=_change)
    history = group.add_parser("history", help="who changed what of agents, and when")
    history.add_argument("id", nargs="?", default="", help="of this agent only")
    history.add_argument("--limit", type=int, default=200, metavar="N")
    history.set_defaults(run=_history)


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
        ("ID", "ROLE", "STATE", "EMAIL", "GROUPS", "RIGHTS", "NAME"),
        [
            (
                one.id,
                one.role,
                "deactivated" if one.is_deactivated else "active",
                one.email,
                ",".join(one.groups),
                ",".join(one.rights),
                one.name,
            )
            for one in agents
        ],
    )


def _change(asked: argparse.Namespace, system: System) -> None:
    request = accounts_pb2.ChangeAgentRequest(
        agent_id=asked.id,
        role=asked.role,
        added_rights=asked.add_right,
        removed_rights=asked.take_right,
        is_deactivated=asked.deactivate if asked.deactivate or asked.activate else None,
    )
    system.accounts.ChangeAgent(request)


def _history(asked: argparse.Namespace, system: System) -> None:
    table(
        ("WHEN", "AGENT", "BY", "FIELD", "FROM", "TO"),
        [
            (
                when(change.changed_at),
                change.agent_id,
                change.actor.name or change.actor.id or change.actor.kind,
                step.field,
                step.old,
                step.new,
            )
            for change in _changes(asked, system)
            for step in change.changes
        ],
    )


def _changes(asked: argparse.Namespace, system: System) -> Iterator[accounts_pb2.AgentChange]:
    token, left = "", asked.limit
    while left > 0:
        request = accounts_pb2.ListAgentChangesRequest(
            agent_id=asked.id, page_size=min(left, _AT_ONCE), page_token=token
        )
        page = system.accounts.ListAgentChanges(request)
        yield from page.changes
        left -= len(page.changes)
        token = page.next_page_token
        if not token:
            return
