"""What a process that ends has not published stays for the sweep, and keeps nobody waiting."""

from typing import cast

from chassis.bus import Publisher
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.mongo import Documents
from chassis.outbox import Outbox
from chassis.units import OutboxRow


class NoRows(dict[str, object]):
    """A database in which nothing is written."""

    def __missing__(self, name: str) -> "NoRows":
        return self

    def get_collection(self, name: str, **given: object) -> "NoRows":
        return self


def test_after_the_end_commits_are_left_and_nobody_waits_for_a_place_in_the_queue() -> None:
    outbox = Outbox(cast("Documents", NoRows()), cast("Publisher", None), "x", cast("Clock", None))
    outbox.close()
    left: list[Unavailable] = []
    for number in range(20):
        outbox.publish_soon([OutboxRow(f"row-{number}", "k", "t", b"", 1)], left.append)
    assert len(left) == 20
