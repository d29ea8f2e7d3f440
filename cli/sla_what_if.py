"""`relaydesk sla what-if`: what other policies, calendars or hours would have made of a past period."""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cli.moments import stamp_of
from cli.printing import table, when
from cli.sla_file import read
from cli.system import System
from relaydesk.sla.v1 import service_pb2
from relaydesk.sla.v1 import what_if_pb2 as pb

_LOOKS_EVERY = 0.5
_PAGE = 200
# For one call, seconds: to start may mean to read feeds.
_PATIENCE = 60
_UNDER_WAY = ("queued", "running")


def add(group: Any) -> None:
    """Add the word to those of `relaydesk sla`."""
    word = group.add_parser(
        "what-if",
        help="what other policies or calendars would have made of a past period; nothing is saved",
        description="Counts the targets that began in the period under the drafts, as though they had been in force all along. "
        "It cannot know what people would have done: the same messages come and the same answers go.",
        epilog="A calendar with other hours is other staffing. Without a file the record is compared with itself. "
        "Ctrl-C cancels.",
    )
    word.add_argument("file", type=Path, nargs="*", help="YAML with `policy:` or `calendar:`, as for apply")
    word.add_argument("--from", dest="begin", required=True, help="2026-11-01, or 30d (ago)")
    word.add_argument("--to", default="", help="the same; now where it is not given")
    word.add_argument(
        "--by", choices=("channel", "group", "tag"), action="append", default=[], help="take it apart"
    )
    word.add_argument("--limit", type=int, default=50, metavar="N", help="targets that turn to list")
    word.add_argument("--quiet", action="store_true", help="no progress")
    word.set_defaults(run=_what_if)


def _what_if(asked: argparse.Namespace, system: System) -> int:
    request = pb.StartWhatIfRequest()
    for path in asked.file:
        draft = read(path)
        if isinstance(draft, service_pb2.Policy):
            request.policies.append(draft)
        else:
            request.calendars.append(draft)
    begin, end = stamp_of(asked.begin), stamp_of(asked.to or "0s")
    assert begin is not None
    assert end is not None
    getattr(request, "from").CopyFrom(begin)
    request.to.CopyFrom(end)
    told = _awaited(
        system.what_ifs.StartWhatIf(request, timeout=_PATIENCE).what_if, system, is_quiet=asked.quiet
    )
    if told.state != "done":
        print(f"{told.state}: {told.reason}" if told.reason else told.state, file=sys.stderr)
        return 1
    print(
        f"{told.tickets} tickets, {when(getattr(told, 'from'))} to {when(told.to)}, as of {when(told.as_of)}; "
        f"{told.incomplete} are left out as facts are missing"
    )
    _sums("WHOLE", told.sums, "")
    for by in dict.fromkeys(asked.by):
        print()
        _sums(by.upper(), told.sums, by)
    turned = _turned(told.id, asked.limit, system)
    if turned:
        print()
    table(
        ("TICKET", "TARGET", "TURN", "DUE", "WOULD BE DUE", "SPARE", "WOULD BE", "CHANNEL", "GROUP"),
        [
            (
                one.ticket_id,
                one.target,
                one.turn.replace("_", " "),
                when(one.before.due_at) or "-",
                when(one.after.due_at) or "-",
                _spare(one, "before"),
                _spare(one, "after"),
                one.channel,
                one.group,
            )
            for one in turned
        ],
    )
    print(f"kept until {when(told.kept_until)} as {told.id}")
    return 0


def _awaited(what_if: pb.WhatIf, system: System, *, is_quiet: bool) -> pb.WhatIf:
    """The question once it is over."""
    try:
        while what_if.state in _UNDER_WAY:
            if not is_quiet:
                print(f"{what_if.done} of {what_if.total} tickets", file=sys.stderr)
            time.sleep(_LOOKS_EVERY)
            asked = pb.GetWhatIfRequest(id=what_if.id)
            what_if = system.what_ifs.GetWhatIf(asked, timeout=_PATIENCE).what_if
    except KeyboardInterrupt:
        system.what_ifs.CancelWhatIf(pb.CancelWhatIfRequest(id=what_if.id), timeout=_PATIENCE)
        raise
    return what_if


def _sums(title: str, sums: Iterable[pb.WhatIfSum], by: str) -> None:
    table(
        (title, "TARGET", "MISSED", "WOULD BE", "IN TIME", "WOULD BE", "NEWLY", "NO LONGER", "OPEN"),
        [
            (
                one.value or "-",
                one.target,
                one.before.breached,
                one.after.breached,
                _share(one.before),
                _share(one.after),
                one.newly_breached,
                one.no_longer_breached,
                one.before.open,
            )
            for one in sums
            if one.by == by
        ],
    )


def _share(outcomes: pb.WhatIfOutcomes) -> str:
    decided = outcomes.met + outcomes.breached
    return f"{100 * outcomes.met / decided:.1f} %" if decided else "-"


def _turned(what_if_id: str, most: int, system: System) -> list[pb.WhatIfTurn]:
    request = pb.ListWhatIfTurnsRequest(id=what_if_id)
    found: list[pb.WhatIfTurn] = []
    while len(found) < most:
        request.page_size = min(_PAGE, most - len(found))
        page = system.what_ifs.ListWhatIfTurns(request, timeout=_PATIENCE)
        found += page.turns
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    return found


def _spare(turn: pb.WhatIfTurn, side: str) -> str:
    if not turn.HasField(side):  # type: ignore[arg-type]
        return "-"
    seconds = (turn.before if side == "before" else turn.after).spare_seconds
    hours, rest = divmod(abs(seconds), 3_600)
    return f"{'-' if seconds < 0 else ''}{hours}:{rest // 60:02}:{rest % 60:02}"
