"""Merging on the ticket's page: offered, shown before, done, told on both sides, undone."""

from dataclasses import replace

from services.console.domain.timeline import Said, timeline
from tests.console_over_fakes import Visitor
from tests.fakes.console import MemoryDesk


def _two(fakes: MemoryDesk) -> tuple[int, int]:
    """A ticket, and another of the same person."""
    tickets = fakes.tickets
    source = tickets.get_ticket(48163)
    other = replace(source, ticket_id="other", number=50001, subject="Same thing again")
    tickets.put(other, ())
    return source.number, other.number


def test_what_the_same_person_asked_is_offered_and_others_are_found_by_number(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    source, target = _two(fakes)
    assert f'href="/tickets/{source}/merge"' in kate.get(f"/tickets/{source}").text
    assert f"/tickets/{source}/merge?into={target}" in kate.get(f"/tickets/{source}/merge").text
    found = kate.get(f"/tickets/{source}/merge?q=%23{target}").text
    assert f"/tickets/{source}/merge?into={target}" in found


def test_nothing_changes_before_it_is_said_and_then_both_sides_tell_it(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    source, target = _two(fakes)
    assert "Nobody is told" in kate.get(f"/tickets/{source}/merge?into={target}").text
    assert fakes.tickets.get_ticket(source).merged_into == ""
    answer = kate.post(
        f"/tickets/{source}/merge", {"into": str(target), "key": "k", "reason": "twice"}, part=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tickets/{target}")
    assert f'href="/tickets/{source}"' in kate.get(f"/tickets/{target}").text
    merged = kate.get(f"/tickets/{source}").text
    assert f'href="/tickets/{target}"' in merged
    assert 'id="composer"' not in merged
    kate.post(f"/tickets/{source}/unmerge", {"key": "k"}, part=False)
    assert fakes.tickets.get_ticket(source).merged_into == ""


def test_a_refusal_is_said_in_words_before_anybody_tries(kate: Visitor, fakes: MemoryDesk) -> None:
    source, target = _two(fakes)
    other = fakes.tickets.get_ticket(target)
    fakes.tickets.put(replace(other, status="closed"), ())
    shown = kate.get(f"/tickets/{source}/merge?into={target}").text
    assert "That ticket is closed. Open it again first." in shown
    assert 'name="into"' not in shown


def test_another_requester_is_merged_only_where_it_is_meant(kate: Visitor, fakes: MemoryDesk) -> None:
    source, target = _two(fakes)
    other = fakes.tickets.get_ticket(target)
    stranger = replace(other.requester, requester_id="stranger")
    fakes.tickets.put(replace(other, requester=stranger), ())
    shown = kate.get(f"/tickets/{source}/merge?into={target}").text
    assert 'name="other"' in shown
    assert "In copy of the answers from then on" in shown
    assert kate.post(f"/tickets/{source}/merge", {"into": str(target)}, part=False).status_code == 400


def test_what_came_along_stands_where_it_was_said(fakes: MemoryDesk) -> None:
    ticket = fakes.tickets.get_ticket(48163)
    messages = fakes.tickets.messages[ticket.ticket_id]
    came = replace(messages[0], message_id="came", came_along=True)
    told = timeline((*messages, came), fakes.tickets.changes[ticket.ticket_id], tab="messages")
    ids = [entry.message.message_id for entry in told if isinstance(entry, Said)]
    assert ids.index("came") <= ids.index(messages[0].message_id) + 1
