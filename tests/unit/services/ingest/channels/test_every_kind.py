"""What holds for every kind of channel: this suite runs over each file of the folder."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest import channels
from services.ingest.adapters.kinds import Kind, load_kinds
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.errors import CannotRead, InvalidBody
from services.ingest.domain.intake import Envelope
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.channels.inboxes import inbox

KINDS = load_kinds(channels)
FOLDER = Path(str(channels.__file__)).parent

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def at_work(kind: Kind) -> LiveChannel:
    """A channel with nothing set but what must be, as the settings' own examples have it."""
    needed = {
        name: (field.examples or [None])[0]
        for name, field in kind.settings.model_fields.items()
        if field.is_required()
    }
    return kind.build(kind.settings.model_validate(needed), inbox())


def test_every_file_of_the_folder_is_a_kind_of_its_name() -> None:
    files = {path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_")}
    assert files == {kind.name for kind in KINDS.values()} == set(KINDS)


@every_kind
def test_a_person_can_choose_by_what_is_written(kind: Kind) -> None:
    assert len(kind.text) > 20
    assert len((kind.settings.__doc__ or "").strip()) > 10
    assert [name for name, field in kind.settings.model_fields.items() if not field.description] == []


@every_kind
def test_what_must_be_set_has_an_example(kind: Kind) -> None:
    required = [name for name, field in kind.settings.model_fields.items() if field.is_required()]
    assert [name for name in required if not kind.settings.model_fields[name].examples] == []
    assert at_work(kind).size_limit > 0


@every_kind
def test_a_setting_that_is_not_known_is_refused(kind: Kind) -> None:
    assert kind.settings.model_config.get("extra") == "forbid"


@every_kind
@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=400), sender=st.text(max_size=40))
def test_any_bytes_are_told_from_others_and_read_or_said_to_be_unreadable(
    kind: Kind, raw: bytes, sender: str
) -> None:
    channel, envelope = at_work(kind), Envelope(sender=sender)
    assert channel.dedupe(raw, envelope) == channel.dedupe(raw, envelope)
    with suppress(CannotRead):
        assert isinstance(channel.read(raw, envelope), ReceivedMessage)


@every_kind
@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=400))
def test_what_is_posted_is_taken_or_refused_with_its_mistakes(kind: Kind, raw: bytes) -> None:
    with suppress(InvalidBody):
        assert isinstance(at_work(kind).check_posted(raw, ""), Sequence)
