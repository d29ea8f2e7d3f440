"""Somebody wrote something public."""

from services.reports.domain import figures as names
from services.reports.domain.facts import AGENT_KIND, Arrival, Words
from services.reports.domain.histogram import milliseconds
from services.reports.domain.tally import Labels, Tally


def count_words(words: Words, labels: Labels, tally: Tally) -> None:
    """Count a message in or out at the moment it was written; one by an agent counts for its author."""
    figures = tally.at(words.written_at, by_author(words, labels))
    figures.count(names.MESSAGES_IN if words.is_in else names.MESSAGES_OUT)
    if words.is_by_machine:
        figures.count(names.MESSAGES_IN_AUTOMATIC if words.is_in else names.MESSAGES_OUT_AUTOMATIC)


def count_arrival(arrival: Arrival, labels: Labels, tally: Tally) -> None:
    """Count an arrival when it was accepted, and how long it took when it was kept."""
    tally.at(arrival.received_at, labels).count(names.ARRIVED)
    tally.at(arrival.kept_at, labels).measure(
        names.MESSAGE_TO_TICKET, milliseconds(arrival.kept_at - arrival.received_at)
    )


def by_author(words: Words, labels: Labels) -> Labels:
    """The labels under which a message counts: an agent's words are the agent's, whoever is responsible."""
    if words.author_kind == AGENT_KIND and words.author:
        return labels._replace(agent=words.author)
    return labels
