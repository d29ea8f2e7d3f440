"""What a unit of work leaves behind."""

import gc
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from chassis.clock import FixedClock
from chassis.mongo import Documents
from chassis.units import Unit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_committed_unit_is_gone_without_the_collector() -> None:
    called: list[datetime] = []
    # Without writes the database is not asked.
    unit = Unit(cast("Documents", None), FixedClock(NOW))
    # Whoever is called holds the unit, as the ports of a batch do.
    unit.after_commit.append(_caller(unit, called))
    gone = weakref.ref(unit)
    gc.disable()
    try:
        unit.commit()
        del unit
        assert gone() is None
    finally:
        gc.enable()
    assert called == [NOW]


def _caller(unit: Unit, called: list[datetime]) -> Callable[[], None]:
    return lambda: called.append(unit.now)
