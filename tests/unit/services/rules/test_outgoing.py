"""How commands travel to tickets."""

from collections.abc import Callable, Sequence

import pytest

from services.rules.adapters.outgoing import MOST_COMMANDS, MOST_LETTERS, Outgoing
from services.rules.domain.heard import AddEntry, AddTag, RemoveTag, SetField, Step
from tests.heard_facts import a_rule, opened

RULE = a_rule("claims")


def outgoing(*commands: Sequence[Step]) -> Outgoing:
    found = Outgoing()
    for number, steps in enumerate(commands):
        found.add(opened(), RULE, f"key-{number}", steps)
    return found


def test_a_batch_travels_in_one_request() -> None:
    found = outgoing(*([AddTag("claim")] for _ in range(MOST_COMMANDS)))
    assert [len(request.commands) for request in found.requests] == [MOST_COMMANDS]


def test_what_does_not_fit_travels_in_the_next() -> None:
    found = outgoing(*([AddTag("claim")] for _ in range(MOST_COMMANDS + 1)))
    assert [len(request.commands) for request in found.requests] == [MOST_COMMANDS, 1]
    assert len(found.asked) == MOST_COMMANDS + 1


@pytest.mark.parametrize("how", [AddEntry, SetField])
def test_long_texts_travel_in_requests_of_their_own(how: Callable[[str, str], Step]) -> None:
    long = "x" * (MOST_LETTERS // 2)
    found = outgoing(*([how("public", long)] for _ in range(5)))
    assert [len(request.commands) for request in found.requests] == [2, 2, 1]


def test_every_step_arrives_as_it_was_decided() -> None:
    steps: list[Step] = [
        SetField("group", ""),
        AddTag("claim"),
        RemoveTag("vip"),
        AddEntry("internal", "Look."),
    ]
    ((command,),) = (request.commands for request in outgoing(steps).requests)
    assert [step.WhichOneof("step") for step in command.steps] == [
        "set_field",
        "add_tag",
        "remove_tag",
        "add_entry",
    ]
    assert (command.steps[0].set_field.field, command.steps[0].set_field.value) == ("group", "")
    entry = command.steps[3].add_entry
    assert (entry.visibility, entry.text, entry.is_automatic) == ("internal", "Look.", True)
    assert (command.actor.kind, command.actor.id) == ("rule", "claims")
