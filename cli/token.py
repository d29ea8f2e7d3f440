"""`relaydesk token`: who may ask."""

import argparse
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.tickets.v1 import accounts_pb2

ROLES = ("admin", "agent", "system", "read_only")


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("token", help="make, list and revoke tokens").add_subparsers(
        metavar="WORD", required=True
    )
    create = group.add_parser("create", help="make a token and print nothing but it; it is not shown again")
    create.add_argument("--role", required=True, choices=ROLES)
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument("--agent", default="", metavar="ID", help="the agent it speaks for")
    create.set_defaults(run=_create)
    group.add_parser("list", help="tokens without their secrets").set_defaults(run=_list)
    revoke = group.add_parser("revoke", help="end a token; replicas may take it for 30 s more")
    revoke.add_argument("id")
    revoke.set_defaults(run=_revoke)


def _create(asked: argparse.Namespace, system: System) -> None:
    request = accounts_pb2.CreateTokenRequest(role=asked.role, name=asked.name, agent_id=asked.agent)
    print(system.accounts.CreateToken(request).token)


def _list(asked: argparse.Namespace, system: System) -> None:
    tokens = system.accounts.ListTokens(accounts_pb2.ListTokensRequest()).tokens
    table(
        ("ID", "ROLE", "NAME", "AGENT", "CREATED", "REVOKED"),
        [(t.id, t.role, t.name, t.agent_id, when(t.created_at), when(t.revoked_at)) for t in tokens],
    )


def _revoke(asked: argparse.Namespace, system: System) -> None:
    system.accounts.RevokeToken(accounts_pb2.RevokeTokenRequest(token_id=asked.id))
