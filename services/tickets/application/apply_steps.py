"""Do to a ticket what a rule or a timer decided."""

from chassis.errors import Refused
from services.tickets.application.check_fields import check_value
from services.tickets.application.notify import WHOM, notice
from services.tickets.application.ports import Ports
from services.tickets.application.update_ticket import current
from services.tickets.domain import message as messages
from services.tickets.domain.checks import MOST_FIELDS, Checks
from services.tickets.domain.commands import (
    AddEntry,
    AddTag,
    ApplySteps,
    Notify,
    RemoveTag,
    SetField,
    Step,
    StepsOutcome,
)
from services.tickets.domain.events import LoggedFact, MessageAdded, TicketChanged
from services.tickets.domain.message import Message
from services.tickets.domain.people import is_a_machines_address
from services.tickets.domain.reach import BAD
from services.tickets.domain.tags import MOST, SUBTREE, is_in_subtree, normal_tag, sorted_tags
from services.tickets.domain.ticket import SETTABLE, Change, Ticket, merged


class NoAutomaticAnswer(Refused):
    """A machine would get the answer, or it would come back to us."""

    __slots__ = ()


def apply_steps(command: ApplySteps, ports: Ports) -> StepsOutcome:
    """All of the steps in one version, or none: a refusal is an answer, so that a repeat gets the same one."""
    try:
        ticket = current(command.ticket_id, command.expected_version, ports)
        draft = ticket.next_version()
        changes: list[Change] = []
        entries: list[LoggedFact] = []
        for place, step in enumerate(command.steps):
            _check(step, place, ports)
            if isinstance(step, AddEntry):
                entries.append(_entry(step, command, draft, ports))
            elif isinstance(step, Notify):
                entries.append(notice(step, command.actor, draft, ports))
            else:
                changes += _change(step, draft, ports)
        _check_size(draft)
    except Refused as refusal:
        return StepsOutcome("refused", 0, str(refusal))
    facts: list[LoggedFact] = []
    if left := merged(changes):
        facts.append(TicketChanged(draft, left, command.actor))
    facts += entries
    if not facts:
        return StepsOutcome("unchanged", ticket.version)
    ports.tickets.save(draft, facts)
    return StepsOutcome("done", draft.version)


def _change(step: Step, draft: Ticket, ports: Ports) -> tuple[Change, ...]:
    at = ports.now
    match step:
        case SetField(name, value):
            return draft.set(name, value, at)
        case AddTag(tag):
            return draft.set_tags(sorted_tags((*draft.tags, tag)), at)
        case RemoveTag(tag):
            return draft.set_tags(_without(draft.tags, normal_tag(tag)), at)
    raise TypeError(step)


def _check_size(draft: Ticket) -> None:
    if len(draft.tags) <= MOST and len(draft.fields) <= MOST_FIELDS:
        return
    checks = Checks()
    checks.that(len(draft.tags) <= MOST, "tags", f"at most {MOST} tags", str(len(draft.tags)))
    checks.that(
        len(draft.fields) <= MOST_FIELDS, "fields", f"at most {MOST_FIELDS} fields", str(len(draft.fields))
    )
    checks.done()


def _without(tags: tuple[str, ...], unwanted: str) -> tuple[str, ...]:
    if unwanted.endswith(SUBTREE):
        root = unwanted.removesuffix(SUBTREE)
        return tuple(tag for tag in tags if not is_in_subtree(tag, root))
    return tuple(tag for tag in tags if tag != unwanted)


def _entry(step: AddEntry, command: ApplySteps, draft: Ticket, ports: Ports) -> MessageAdded:
    message = Message(
        message_id=ports.new_id(),
        ticket_id=draft.ticket_id,
        author=command.actor,
        text=step.text,
        created_at=ports.now,
        visibility=step.visibility,
        is_automatic=step.is_automatic,
    )
    if step.visibility == messages.INTERNAL:
        draft.note(message)
        return MessageAdded(draft, message, command.actor)
    if step.is_automatic:
        _refuse_to_machines(draft)
    changes = draft.answer(message)
    reply = draft.reply_of(message)
    if reply is not None:
        reach = ports.requesters.reach_of(draft.requester.requester_id, draft.requester.email)
        if step.is_automatic and reach.state == BAD:
            return MessageAdded(draft, messages.held_back(message, reach.reason), command.actor, changes)
        message = messages.queued(message)
    return MessageAdded(draft, message, command.actor, changes, reply)


def _refuse_to_machines(ticket: Ticket) -> None:
    address = ticket.requester.email
    if ticket.is_spam:
        raise NoAutomaticAnswer("no automatic answer to spam")
    if ticket.is_machine_waiting:
        raise NoAutomaticAnswer("no automatic answer to automatic mail")
    if address and is_a_machines_address(address):
        raise NoAutomaticAnswer("no automatic answer to an address that nobody reads")
    if address and address == ticket.mailbox:
        raise NoAutomaticAnswer("no automatic answer to our own mailbox")


def _check(step: Step, place: int, ports: Ports) -> None:
    checks = Checks()
    match step:
        case SetField(name, value):
            if name in SETTABLE or name.startswith("fields."):
                check_value(checks, name, value, ports.directory)
            else:
                known = f"one of {', '.join(SETTABLE)} or fields.<name>"
                checks.that(False, f"steps[{place}].field", known, name)
        case AddTag(tag):
            checks.tag(tag, f"steps[{place}].add_tag")
        case RemoveTag(tag):
            checks.tag(tag.removesuffix(SUBTREE), f"steps[{place}].remove_tag")
        case Notify(to, text):
            checks.that(bool(to), f"steps[{place}].to", f"at least one of {', '.join(WHOM)}")
            for whom in to:
                checks.one_of(whom, WHOM, f"steps[{place}].to")
            checks.text(text, f"steps[{place}].text")
        case AddEntry(visibility, text, _):
            checks.one_of(visibility, messages.VISIBILITIES, f"steps[{place}].visibility")
            checks.text(text, f"steps[{place}].text")
    checks.done()
