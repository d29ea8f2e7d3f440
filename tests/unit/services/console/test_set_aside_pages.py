"""What is set aside is shown of the channel that was asked about, before and after something is done to it."""

import pytest

from services.console.domain.ingest import QuarantinePage
from services.console.domain.screening import BlockedPage
from tests.console_over_fakes import Visitor
from tests.fakes import console_samples as samples
from tests.fakes.console import MemoryDesk

_LISTS = [
    ("/quarantine", "/quarantine/retry", "q1", "bot@flood.example"),
    ("/blocked", "/blocked/bring-back", "b1", "blocked by header"),
]


@pytest.mark.parametrize(("path", "act", "intake_id", "of_another"), _LISTS)
def test_the_channel_stays_chosen_when_something_was_done(
    kate: Visitor, path: str, act: str, intake_id: str, of_another: str
) -> None:
    assert of_another in kate.get(path).text
    assert of_another not in kate.get(f"{path}?channel=support").text
    form: dict[str, object] = {"intake": intake_id, "channel": "support"}
    assert of_another not in kate.post(act, form).text
    assert kate.post(act, form, part=False).headers["Location"] == f"{path}?channel=support"


@pytest.mark.parametrize("path", ["/quarantine", "/blocked"])
def test_the_next_page_is_of_the_same_channel(kate: Visitor, fakes: MemoryDesk, path: str) -> None:
    fakes.ingest.list_quarantine = lambda **_: QuarantinePage(samples.QUARANTINED, "x+/=")  # type: ignore[method-assign]
    fakes.screening.list_blocked = lambda **_: BlockedPage(samples.BLOCKED, "x+/=")  # type: ignore[method-assign]
    shown = kate.get(f"{path}?channel=support").text
    assert f'href="{path}?channel=support&amp;after=x%2B/%3D"' in shown
