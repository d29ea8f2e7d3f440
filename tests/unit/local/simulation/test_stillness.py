"""The question before the clock may be moved is never answered wrongly, whatever happens between its looks."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.simulation.stillness import NotStill, Stillness, Traffic, read_traffic


class Roads:
    """A small system as ours works: rows become messages, messages become rows, and each hop has its moments between.

    Work is a number of hops to go. A row that is work is settled by a commit that writes an outbox; a process publishes
    what lies there and forgets it later; a listener has a message in its hands, commits what follows, then acks.
    """

    def __init__(self, rows: list[int]) -> None:
        self.rows = list(rows)
        self.outbox: list[int] = []
        self.published: list[int] = []
        self.queue: list[int] = []
        self.in_hand: list[int] = []
        self.to_ack = 0
        self.taken: list[int] = []
        self.routed = self.acknowledged = 0

    @property
    def is_over(self) -> bool:
        """Nothing will change any more, but what was published being forgotten."""
        return not (self.rows or self.outbox or self.queue or self.in_hand or self.to_ack)

    def steps(self) -> list[str]:
        """What could happen next."""
        found = {
            "take": len(self.rows) > len(self.taken),
            "settle": bool(self.taken),
            "publish": bool(self.outbox),
            "forget": bool(self.published),
            "deliver": bool(self.queue),
            "commit": bool(self.in_hand),
            "ack": self.to_ack > 0,
        }
        return [name for name, possible in found.items() if possible]

    def step(self, name: str) -> None:
        match name:
            case "take":
                # A loop has read the row; it stays one until the commit.
                self.taken.append(self.rows[len(self.taken)])
            case "settle":
                row = self.taken.pop(0)
                self.rows.remove(row)
                self.outbox.append(row - 1)
            case "publish":
                self.routed += 1
                message = self.outbox.pop(0)
                self.published.append(message)
                self.queue.append(message)
            case "forget":
                self.published.pop(0)
            case "deliver":
                self.in_hand.append(self.queue.pop(0))
            case "commit":
                hops = self.in_hand.pop(0)
                self.to_ack += 1
                if hops % 3 == 1:
                    self.rows.append(hops - 1)
                elif hops > 0:
                    self.outbox.append(hops - 1)
            case "ack":
                self.to_ack -= 1
                self.acknowledged += 1


@settings(max_examples=400, deadline=None)
@given(rows=st.lists(st.integers(0, 5), min_size=0, max_size=3), data=st.data())
def test_it_is_never_still_while_something_is_on_its_way(rows: list[int], data: st.DataObject) -> None:
    roads = Roads(rows)

    def something_happens() -> None:
        for _ in range(data.draw(st.integers(0, 6))):
            possible = roads.steps()
            if not possible:
                return
            roads.step(data.draw(st.sampled_from(possible)))

    def broker() -> Traffic:
        something_happens()
        return Traffic(roads.routed, roads.acknowledged)

    def work() -> Iterator[str]:
        something_happens()
        if roads.rows:
            yield "rows"
        something_happens()
        if roads.outbox or roads.published:
            yield "outbox"

    stillness = Stillness(broker, work)
    for _ in range(20):
        if stillness.is_still():
            assert roads.is_over
            return
        something_happens()


def test_it_comes_to_rest_where_nothing_comes_from_outside() -> None:
    roads = Roads([5, 4, 3])

    def goes_on(_: float) -> None:
        roads.step(roads.steps()[0])

    def work() -> Iterator[str]:
        if roads.rows or roads.outbox or roads.published:
            yield "something"

    Stillness(lambda: Traffic(roads.routed, roads.acknowledged), work, sleep=goes_on).wait()
    assert roads.is_over
    assert roads.routed > 3


def test_who_does_not_come_to_rest_is_named() -> None:
    seconds = iter(range(1000))
    stillness = Stillness(
        lambda: Traffic(routed=5, acknowledged=3),
        lambda: iter(["replies"]),
        patience=10,
        monotonic=lambda: float(next(seconds)),
        sleep=lambda _: None,
    )
    with pytest.raises(NotStill, match="replies, messages at the broker: 2"):
        stillness.wait()


def test_messages_are_counted_over_all_kinds_of_queues() -> None:
    page = (
        "# TYPE rabbitmq_global_messages_routed_total counter\n"
        'rabbitmq_global_messages_routed_total{protocol="amqp091"} 12\n'
        'rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_quorum_queue"} 7\n'
        'rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"} 2\n'
        'rabbitmq_global_messages_routed_total{protocol="amqp10"} 1\n'
    )
    assert read_traffic(page) == Traffic(routed=13, acknowledged=9)


def test_a_broker_without_such_counters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"RabbitMQ 3\.10"):
        read_traffic("rabbitmq_queues 3\n")
