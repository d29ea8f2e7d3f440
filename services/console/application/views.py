"""The lists that everybody has: mine, overdue, unassigned, on hold, spam, a list for each group."""

from dataclasses import dataclass, replace

from services.console.application.directory import Names
from services.console.domain.tickets import SPAM, UNSOLVED, Filter

MINE, OVERDUE, UNASSIGNED, ON_HOLD, OPEN = "mine", "overdue", "unassigned", "on_hold", "open"
FIXED = (OPEN, MINE, OVERDUE, UNASSIGNED, ON_HOLD, SPAM)


@dataclass(frozen=True, slots=True)
class View:
    """A named list. Overdue is cut by the clock, which the store's filter does not know."""

    name: str
    filter: Filter
    only_overdue: bool = False


def view_named(name: str, agent_id: str) -> View:
    """The view of that name; `group:<id>` is a group's, and an unknown name shows all that is open."""
    waiting = Filter(status=UNSOLVED)
    if name == MINE:
        return View(name, replace(waiting, agent=(agent_id,)))
    if name == OVERDUE:
        return View(name, waiting, only_overdue=True)
    if name == UNASSIGNED:
        return View(name, replace(waiting, unassigned=True))
    if name == ON_HOLD:
        return View(name, Filter(status=("on_hold",)))
    if name == SPAM:
        return View(name, Filter(status=(SPAM,)))
    if name.startswith("group:"):
        return View(name, replace(waiting, group=(name.removeprefix("group:"),)))
    return View(OPEN, waiting)


def counted_views(names: Names, agent_id: str) -> tuple[View, ...]:
    """Those whose size stands beside their name; overdue is counted by sla, which knows the clocks."""
    fixed = [view_named(name, agent_id) for name in FIXED if name != OVERDUE]
    return (*fixed, *(view_named(f"group:{group.group_id}", agent_id) for group in names.groups))
