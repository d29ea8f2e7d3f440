"""How much lies in the queues: by the broker's management API, or without one by asking queue after queue."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import amqp

from chassis import bus, telemetry
from chassis.bus import Bus
from chassis.errors import Unavailable
from services.reports.application.ports import Broker
from services.reports.domain.queues import Reading

_LOG = telemetry.logger(__name__)
_TIMEOUT = 4.0
_PORTS = {"amqp": ("http", 15672), "amqps": ("https", 15671)}
_COLUMNS = (
    "name,messages_ready,messages_unacknowledged,consumers,message_stats.publish,message_stats.ack,"
    "message_stats.deliver_no_ack,message_stats.get_no_ack"
)


def management_url_of(broker_url: str) -> str:
    """Where the management API of a broker is unless told otherwise: the same host, its usual port."""
    parts = urlsplit(broker_url.split(";")[0])
    scheme, port = _PORTS.get(parts.scheme, _PORTS["amqp"])
    host = (
        f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or "127.0.0.1"
    )
    return f"{scheme}://{host}:{port}"


class ManagementBroker:
    """Reads all queues of the vhost in one request. User and password are the management URL's, else the broker
    URL's. Implements Broker."""

    def __init__(self, broker_url: str, management_url: str = "") -> None:
        amqp_parts = urlsplit(broker_url.split(";")[0])
        parts = urlsplit(management_url or management_url_of(broker_url))
        user = unquote(parts.username or amqp_parts.username or "guest")
        password = unquote(parts.password or amqp_parts.password or "guest")
        host = parts.netloc.rpartition("@")[2]
        vhost = quote(unquote(amqp_parts.path[1:]) or "/", safe="")
        self._url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/api/queues/{vhost}?columns={_COLUMNS}"
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}

    def readings(self) -> Sequence[Reading]:
        request = urllib.request.Request(self._url, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                rows = json.load(answer)
        except urllib.error.HTTPError as error:
            raise Unavailable(f"broker's management API ({error.code} {error.reason})") from error
        except (OSError, ValueError) as error:
            raise Unavailable("broker's management API") from error
        if not isinstance(rows, list):
            raise Unavailable("broker's management API (not a list of queues)")
        # A queue that was just declared, or whose leader is away, has a name and no numbers.
        return [_reading(row) for row in rows if "messages_ready" in row]


def _reading(row: Mapping[str, Any]) -> Reading:
    stats = row.get("message_stats") or {}
    return Reading(
        queue=str(row["name"]),
        ready=int(row.get("messages_ready") or 0),
        unacked=int(row.get("messages_unacknowledged") or 0),
        consumers=int(row.get("consumers") or 0),
        published=int(stats.get("publish") or 0),
        # What is delivered without asking for an ack has left too.
        acked=sum(int(stats.get(name) or 0) for name in ("ack", "deliver_no_ack", "get_no_ack")),
    )


class PassiveBroker:
    """Asks by AMQP, queue after queue: `names()` says which there may be. It learns what is ready and who listens,
    nothing else. Implements Broker."""

    def __init__(self, transport: Bus, names: Callable[[], Iterable[str]]) -> None:
        self._bus = transport
        self._names = names

    def readings(self) -> Sequence[Reading]:
        names = sorted(set(self._names()))
        connection = self._bus.connect(read_timeout=_TIMEOUT)
        try:
            channel = connection.channel()
            found = []
            for name in names:
                try:
                    declared = channel.queue_declare(name, passive=True)
                except amqp.exceptions.NotFound:
                    # The broker closes the channel on which it said no.
                    channel = connection.channel()
                    continue
                found.append(
                    Reading(name, ready=int(declared.message_count), consumers=int(declared.consumer_count))
                )
            connection.close()
        except bus.FAILURES as error:
            raise Unavailable("broker") from error
        return found


class EitherBroker:
    """The first, and while it is away the second. Implements Broker."""

    def __init__(self, first: Broker, second: Broker) -> None:
        self._first = first
        self._second = second
        self._is_away = False

    def readings(self) -> Sequence[Reading]:
        try:
            found = self._first.readings()
        except Unavailable as away:
            if not self._is_away:
                _LOG.warning("queues_asked_one_by_one", away=str(away))
            self._is_away = True
            return self._second.readings()
        self._is_away = False
        return found
