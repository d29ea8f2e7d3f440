"""Delivers every fact twice: whatever passes the exchange is published once more."""

import threading

from chassis.bus import Bus, Outgoing, Publisher, Subscription, connect, declare_queue

_MARK = "doubled"


class Doubler:
    """Takes a copy of every message of an exchange and publishes it again, marked so that it is not doubled for ever."""

    def __init__(self, broker_url: str, exchange: str = "relaydesk.events") -> None:
        self._bus = Bus(broker_url, exchange)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.doubled = 0

    def start(self) -> None:
        connection = connect(self._bus.url)
        channel = connection.channel()
        declare_queue(channel, "doubler")
        channel.queue_bind("doubler", self._bus.exchange, "#")
        connection.close()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        connection = connect(self._bus.url)
        connection.channel().queue_delete("doubler")
        connection.close()

    def _run(self) -> None:
        publisher = Publisher(self._bus)
        subscription = Subscription(self._bus, prefetch=100)
        subscription.open(["doubler"])
        while not self._stop.is_set():
            subscription.wait(0.2)
            while (delivery := subscription.take("doubler")) is not None:
                if _MARK not in delivery.headers:
                    again = Outgoing(
                        self._bus.exchange,
                        delivery.routing_key,
                        delivery.body,
                        delivery.type,
                        delivery.message_id,
                        {**delivery.headers, _MARK: 1},
                    )
                    publisher.publish([again])
                    self.doubled += 1
                subscription.ack({"doubler": delivery.tag})
        publisher.close()
        subscription.close()
