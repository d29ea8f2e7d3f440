"""`relaydesk WORD …`: see `relaydesk --help`. Reads RELAYDESK_TOKEN and the services' addresses from the environment."""

import argparse
import sys
from collections.abc import Sequence

import grpc

from chassis.config import ConfigError
from chassis.errors import Refused, Unavailable
from cli import (
    agent,
    blocked,
    channel,
    customer,
    dead,
    group,
    ledger,
    lookup,
    organisation,
    peek,
    quarantine,
    rules,
    sla,
    ticket,
    token,
)
from cli.system import NoToken, system

# In the order in which `--help` shows them.
WORDS = (
    ticket,
    customer,
    channel,
    quarantine,
    blocked,
    ledger,
    peek,
    dead,
    rules,
    sla,
    lookup,
    organisation,
    group,
    agent,
    token,
)


def parser() -> argparse.ArgumentParser:
    """All words with what they take."""
    made = argparse.ArgumentParser(
        prog="relaydesk",
        description="A client of a running Relaydesk.",
        epilog="The environment says where it is and who asks: RELAYDESK_TOKEN (or INTERNAL_TOKEN_FILE), "
        "TICKETS_ADDRESS, RULES_ADDRESS, SLA_ADDRESS, INGEST_ADDRESS, CONSOLE_ADDRESS, BROKER_URL. "
        "Beside a `make run` nothing need be set.",
    )
    words = made.add_subparsers(title="words", metavar="WORD", required=True)
    for module in WORDS:
        module.add(words)
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Do what was asked; answers the exit code: 0, 1 with one line that says why, or one that the word itself has."""
    asked = parser().parse_args(words)
    try:
        here = system()
        try:
            code: int | None = asked.run(asked, here)
        finally:
            here.close()
    except (Refused, Unavailable, NoToken, ConfigError, OSError) as error:
        return _refuse(str(error))
    except ValueError as error:
        return _refuse(str(error))
    except grpc.RpcError as error:
        # What no caller can act on: the service's own mistake.
        return _refuse(f"{error.code().name}: {error.details()}")
    except KeyboardInterrupt:
        return 130
    return code or 0


def _refuse(text: str) -> int:
    print(f"relaydesk: {' '.join(text.split())}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
