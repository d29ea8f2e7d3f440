"""Run everything on this machine: `python -m local run | down | status | clean-data | simulate` (words of the Makefile)."""

import argparse
import sys
from collections.abc import Callable

from chassis.config import ConfigError
from local.demo import DemoFailed
from local.habits import clean_data, down, run, status
from local.nodes import NodeError
from local.run_config import RunConfig, read_config
from local.simulation.config import read_simulation_config
from local.simulation.play import simulate
from local.simulation.stillness import NotStill
from local.supervisor import StartFailed

WORDS: dict[str, Callable[[RunConfig], int]] = {
    "run": run,
    "down": down,
    "status": status,
    "clean-data": clean_data,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("word", choices=[*sorted(WORDS), "simulate"])
    word = parser.parse_args().word
    try:
        if word == "simulate":
            return simulate(read_simulation_config())
        return WORDS[word](read_config())
    except (ConfigError, DemoFailed, NodeError, NotStill, StartFailed) as error:
        print(f"relaydesk: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
