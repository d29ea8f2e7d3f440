"""A thing that is only counted."""

from services.reports.application.ports import CountingPorts
from services.reports.domain.facts import CountOne


def count_one(command: CountOne, ports: CountingPorts) -> None:
    """Count it at the moment it happened."""
    ports.tally.at(command.at, command.labels).count(command.name)
