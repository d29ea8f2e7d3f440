"""Something about a ticket is other than before, or somebody wrote."""

from datetime import datetime

from services.reports.application.business_time import business_time
from services.reports.application.count_words import by_author, count_arrival, count_words
from services.reports.application.ports import CountingPorts
from services.reports.domain import figures as names
from services.reports.domain.facts import CountChange, Merge, Move, Step
from services.reports.domain.figures import Figures
from services.reports.domain.histogram import milliseconds
from services.reports.domain.spells import Spell, spell_id
from services.reports.domain.tally import TAG, subtrees


def count_change(command: CountChange, ports: CountingPorts) -> None:
    """Count the message, the solving or reopening, and under which group, agent and tags its opening counts now."""
    if command.opens:
        ports.tally.at(command.created_at, command.labels).count(names.OPENED)
    if command.merge is not None:
        _merge(command, command.merge, ports)
    if command.words is not None:
        count_words(command.words, command.labels, ports.tally)
    if command.arrival is not None:
        count_arrival(command.arrival, command.labels, ports.tally)
    for move in command.moves:
        _move(command, move, ports)
    if command.step is not None:
        _step(command, command.step, ports)
    if command.is_first_reply:
        _first_reply(command, ports)


def _merge(command: CountChange, merge: Merge, ports: CountingPorts) -> None:
    """The ticket that it goes on in counts for both: its own opening, and the solving that it ended with, count no longer."""
    times = -1 if merge.is_merged else 1
    ports.tally.at(command.created_at, command.labels).count(names.OPENED, times)
    if merge.solved_at is not None:
        ports.tally.at(merge.solved_at, command.labels).count(names.SOLVED, times)


def _move(command: CountChange, move: Move, ports: CountingPorts) -> None:
    """Every change says from where to where, so the sum is right whatever the order in which they are heard."""
    if move.by == TAG:
        old, new = subtrees(move.old.split(",")), subtrees(move.new.split(","))
    else:
        old, new = frozenset({move.old}), frozenset({move.new})
    for value in old - new:
        ports.tally.move(command.created_at, move.by, value, names.OPENED, -1)
    for value in new - old:
        ports.tally.move(command.created_at, move.by, value, names.OPENED, 1)


def _step(command: CountChange, step: Step, ports: CountingPorts) -> None:
    figures = ports.tally.at(step.at, command.labels)
    figures.count(names.SOLVED if step.is_solved else names.REOPENED)
    if step.is_solved and step.spell == 0:
        solving = Spell("", None, step.at, command.labels, command.domain)
        _resolution(figures, command.created_at, solving, ports)
        return
    name = spell_id(step)
    other = ports.spells.take(name)
    if step.is_solved:
        solving = Spell(name, None, step.at, command.labels, command.domain)
        if other is not None and other.began_at is not None:
            _resolution(figures, other.began_at, solving, ports)
        else:
            ports.spells.keep(solving)
    elif other is not None and other.solved_at is not None:
        _resolution(ports.tally.at(other.solved_at, other.labels), step.at, other, ports)
    else:
        ports.spells.keep(Spell(name, began_at=step.at))


def _resolution(figures: Figures, began: datetime, solving: Spell, ports: CountingPorts) -> None:
    assert solving.solved_at is not None
    figures.measure(names.RESOLUTION, milliseconds(solving.solved_at - began))
    open_time = business_time(began, solving.solved_at, solving.labels, solving.domain, ports.calendars)
    figures.measure(names.RESOLUTION_BUSINESS, milliseconds(open_time))


def _first_reply(command: CountChange, ports: CountingPorts) -> None:
    words = command.words
    if words is None or not ports.first_replies.claim(command.ticket_id):
        return
    began, ended = command.created_at, words.written_at
    figures = ports.tally.at(ended, by_author(words, command.labels))
    figures.measure(names.FIRST_REPLY, milliseconds(ended - began))
    open_time = business_time(began, ended, command.labels, command.domain, ports.calendars)
    figures.measure(names.FIRST_REPLY_BUSINESS, milliseconds(open_time))
