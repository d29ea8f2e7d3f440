"""The wires fit together: what is heard is said by one service, has a sample, and becomes a command with a handler."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import Parse
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import relaydesk
from bus.v1.bundle_pb2 import Envelope
from tests.contract.wires import Wire, wires

SAMPLES = Path(__file__).parents[1] / "samples" / "events"
HEARD = [(wire, kind) for wire in wires() for kind in wire.hears]


def facts_of_the_contract() -> dict[str, Descriptor]:
    """Every message of an events.proto that is a fact of its own: a name in the past, not a part of another."""
    found: dict[str, Descriptor] = {}
    for module in pkgutil.walk_packages(relaydesk.__path__, "relaydesk."):
        if not module.name.endswith(".events_pb2"):
            continue
        for descriptor in importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values():
            if descriptor.name.endswith(("ed", "Met")):
                found[descriptor.full_name] = descriptor
    return found


@pytest.mark.parametrize(
    ("wire", "kind"), HEARD, ids=lambda part: getattr(part, "service", "") or part.__name__
)
def test_what_is_heard_is_said_by_exactly_one_service(wire: Wire, kind: type[Message]) -> None:
    name = kind.DESCRIPTOR.full_name
    assert [other.service for other in wires() if name in other.says] == [name.split(".")[1]]


@pytest.mark.parametrize(
    ("wire", "kind"), HEARD, ids=lambda part: getattr(part, "service", "") or part.__name__
)
def test_a_sample_of_what_is_heard_becomes_a_command_that_somebody_handles(
    wire: Wire, kind: type[Message]
) -> None:
    name = kind.DESCRIPTOR.full_name
    fact = Parse((SAMPLES / f"{name}.json").read_text(), kind())
    envelope = Envelope(event_id="e", type=name, lane="email", subject="s", version=1, chain_id="c")
    command = wire.hears[kind](fact, envelope)
    assert command is not None
    assert type(command) in wire.handlers


def test_every_fact_of_the_contract_is_said_by_the_service_that_owns_it() -> None:
    said = {name: wire.service for wire in wires() for name in wire.says}
    assert {name: name.split(".")[1] for name in facts_of_the_contract()} == said


def test_what_is_said_is_heard_by_somebody() -> None:
    # A fact without a queue is not confirmed: it would stay in its outbox for ever.
    heard = {kind.DESCRIPTOR.full_name for wire in wires() for kind in wire.hears}
    assert {name for wire in wires() for name in wire.says} <= heard


def test_every_fact_has_a_sample_that_is_still_of_the_contract() -> None:
    facts = facts_of_the_contract()
    samples = {path.stem: path.read_text() for path in SAMPLES.glob("*.json")}
    assert set(samples) == set(facts)
    for name, text in samples.items():
        assert Parse(text, GetMessageClass(facts[name])()).ByteSize() > 0, name
