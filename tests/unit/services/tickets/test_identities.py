"""By what somebody is known again, and what only somebody says."""

from dataclasses import replace
from typing import Any

import pytest

from services.tickets.domain.commands import ReceiveMessage, Sender
from services.tickets.domain.identities import Identity, identity_of, normal_phone
from services.tickets.domain.ticket import Ticket
from tests.builders import a_message
from tests.fakes.tickets import MemoryPorts


def _by(kind: str, channel: str, **sender: str) -> ReceiveMessage:
    return replace(a_message(), channel=channel, channel_kind=kind, sender=Sender(**sender))


def _opened(desk: Any, *messages: ReceiveMessage) -> list[Ticket]:
    for message in messages:
        desk.run(message)
    found: list[Ticket] = desk.opened()
    return found


def _people(desk: Any, *messages: ReceiveMessage) -> list[str]:
    return [ticket.requester.requester_id for ticket in _opened(desk, *messages)]


def test_a_phone_typed_into_a_form_opens_nobody_elses_history(desk: MemoryPorts) -> None:
    caller, stranger = _people(
        desk,
        _by("voice", "line", phone="+442079460000"),
        _by("email", "support", email="mallory@example.net", phone="+442079460000"),
    )
    assert caller != stranger


def test_who_typed_anothers_phone_is_not_met_when_that_phone_calls(desk: MemoryPorts) -> None:
    stranger, caller = _people(
        desk,
        _by("email", "support", email="mallory@example.net", phone="+442079460000"),
        _by("voice", "line", phone="+442079460000"),
    )
    assert caller != stranger


def test_an_address_typed_into_a_chat_opens_nobody_elses_history(desk: MemoryPorts) -> None:
    ana, visitor = _people(
        desk,
        _by("email", "support", email="ana@example.org"),
        _by("json", "site", external_id="visitor-7", email="ana@example.org"),
    )
    assert ana != visitor


def test_a_visitor_without_an_id_is_known_by_the_address_as_in_mail(desk: MemoryPorts) -> None:
    mail, form = _people(
        desk,
        _by("email", "support", email="ana@example.org"),
        _by("json", "site", email="ana@example.org", phone="+442079460000"),
    )
    assert mail == form


def test_a_provider_whose_ids_are_one_world_knows_the_person_on_every_bot(desk: MemoryPorts) -> None:
    first, second, page = _people(
        desk,
        _by("telegram", "shop-bot", external_id="4711"),
        _by("telegram", "claims-bot", external_id="4711"),
        _by("messenger", "page", external_id="4711"),
    )
    assert first == second != page


def test_ids_of_two_systems_of_ours_are_two_worlds(desk: MemoryPorts) -> None:
    assert (
        len({*_people(desk, _by("json", "shop", external_id="7"), _by("json", "bank", external_id="7"))}) == 2
    )


def test_a_ticket_names_the_address_that_it_was_written_from(desk: MemoryPorts) -> None:
    first, second = _opened(
        desk,
        _by("json", "site", external_id="u7", email="ana@example.org"),
        _by("json", "site", external_id="u7", email="ana@work.example"),
    )
    assert first.requester.requester_id == second.requester.requester_id
    assert (first.requester.email, second.requester.email) == ("ana@example.org", "ana@work.example")


def test_a_number_without_its_country_is_of_the_desks_region(desk: MemoryPorts) -> None:
    first, second = _opened(
        desk, _by("voice", "line", phone="020 7946 0000"), _by("voice", "line", phone="+44 20 7946 0000")
    )
    assert first.requester == second.requester
    assert first.requester.phone == "+442079460000"


def test_what_is_no_number_is_a_name_for_want_of_a_better(desk: MemoryPorts) -> None:
    (ticket,) = _opened(desk, _by("voice", "line", phone="withheld"))
    assert (ticket.requester.name, ticket.requester.phone) == ("withheld", "")


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("8 (921) 123-45-67", "RU", "+79211234567"),
        ("+7 921 123-45-67", "", "+79211234567"),
        ("+55 11 91234-5678", "RU", "+5511912345678"),
        ("921 123-45-67", "", ""),
        ("101", "RU", ""),
        ("+44 20 7946 0000 ext. 12", "", "+442079460000"),
        ("call me", "RU", ""),
        ("020 7946 0000", "XX", ""),
    ],
)
def test_a_phone_is_read_as_e164_or_not_at_all(text: str, region: str, number: str) -> None:
    assert normal_phone(text, region) == number


@pytest.mark.parametrize(
    "identity",
    [
        Identity("email", "ana@example.org"),
        Identity("phone", "+442079460000"),
        Identity("external_id", "a:b:c", "telegram/*"),
        Identity("external_id", "crm-1"),
    ],
)
def test_a_key_says_which_identity_it_is(identity: Identity) -> None:
    assert identity_of(identity.key) == identity
