"""A ticket began."""

from services.reports.application.count_words import count_arrival, count_words
from services.reports.application.ports import CountingPorts
from services.reports.domain.facts import CountOpening
from services.reports.domain.figures import OPENED


def count_opening(command: CountOpening, ports: CountingPorts) -> None:
    """Count it at the moment it was created, with its first message."""
    ports.tally.at(command.created_at, command.labels).count(OPENED)
    if command.words is not None:
        count_words(command.words, command.labels, ports.tally)
    if command.arrival is not None:
        count_arrival(command.arrival, command.labels, ports.tally)
