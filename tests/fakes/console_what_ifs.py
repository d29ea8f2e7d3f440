"""Questions about the past, in memory: two that are counted at once, one that is not done."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chassis.errors import InvalidField, InvalidFields, NotFound
from services.console.domain.what_if import Outcomes, Side, Sum, Turn, TurnPage, WhatIf, WhatIfDraft, hours_in
from tests.fakes.console_samples import NOW

_LATE, _KEPT = Outcomes(812, 188, 4, 9), Outcomes(934, 66, 4, 9)
_SUMS = (
    Sum("first_reply", "", "", _LATE, _KEPT, 12, 134),
    Sum("resolution", "", "", Outcomes(open=3), Outcomes(open=3), 0, 0),
    Sum("first_reply", "channel", "support", _LATE, _KEPT, 12, 134),
    Sum("first_reply", "group", "", _LATE, _KEPT, 12, 134),
    Sum("first_reply", "tag", "payment/refund", Outcomes(10, 2), Outcomes(12, 0), 0, 2),
    Sum("first_reply", "tag", "*", Outcomes(1, 1), Outcomes(2, 0), 0, 1),
)
_DUE = NOW - timedelta(days=3)
_TURNS = (
    Turn(
        "id48163", "first_reply", "no_longer_breached",
        Side("breached", _DUE, timedelta(minutes=-26)), Side("met", _DUE + timedelta(hours=1), timedelta(minutes=34)),
        "support", "export",
    ),
    Turn(
        "gone", "agent_work", "newly_breached", None, Side("breached", _DUE, timedelta(hours=-3)), "support", "",
    ),
)  # fmt: skip
COUNTED = WhatIf(
    "counted", "done", "", NOW - timedelta(days=30), NOW, NOW, ("Standard", "Lisbon"), 5_120, 5_120, 1_013, 2,
    NOW + timedelta(days=7), _SUMS,
)  # fmt: skip
RUNNING = replace(COUNTED, what_if_id="running", state="running", done=2_000, tickets=400, sums=_SUMS[:1])
FAILED = replace(
    COUNTED, what_if_id="failed", state="failed", reason="could not be counted", sums=(), drafts=()
)


class MemoryWhatIfs:
    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check
        self.kept = {one.what_if_id: one for one in (COUNTED, RUNNING, FAILED)}
        self.drafts: list[WhatIfDraft] = []

    def start(self, draft: WhatIfDraft, agent_id: str) -> str:
        self._check("sla")
        for place, typed in enumerate(draft.within):
            hours_in(typed, f"policies[0].targets[{place}]")
        if draft.calendar_id and not any(draft.weekdays):
            raise InvalidFields([InvalidField("calendars[0].windows", "hours that are open")])
        self.drafts.append(draft)
        return COUNTED.what_if_id

    def get(self, what_if_id: str) -> WhatIf:
        self._check("sla")
        if what_if_id not in self.kept:
            raise NotFound(f"no what-if {what_if_id}")
        return self.kept[what_if_id]

    def list(self) -> tuple[WhatIf, ...]:
        self._check("sla")
        return tuple(replace(one, sums=()) for one in self.kept.values())

    def cancel(self, what_if_id: str, agent_id: str) -> None:
        self.kept[what_if_id] = replace(self.get(what_if_id), state="cancelled")

    def turns(self, what_if_id: str, turn: str, target: str, page_token: str) -> TurnPage:
        self.get(what_if_id)
        told = tuple(one for one in _TURNS if turn in ("", one.turn) and target in ("", one.target))
        return TurnPage(told, "" if page_token else "counted:00000001.7")
