"""Asking a token endpoint that is trusted neither with our memory nor with our time."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpcore
import httpx

from chassis.clock import monotonic
from services.ingest.adapters.oauth.checked import BROKEN, CheckedTransport
from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.inside import Reach

# For all that is asked for one token.
_WITHIN: Final = timedelta(seconds=15)
# What a provider says of its keys and addresses is a few kilobytes, a token at most sixteen.
_MOST_BYTES = 256 * 1024
# After these the connection is another object (httpcore, "Extensions": trace).
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class HttpFailure(Exception):
    """No answer that could be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the shape that msal wants."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Raises HttpFailure where it is none."""
        if self.status_code >= 400:
            raise HttpFailure(f"answers with the status {self.status_code}")


class Http:
    """GET and POST without redirects, until the time is over; certificates are checked."""

    def __init__(self, addresses: Reach, within: timedelta = _WITHIN) -> None:
        self._ends = monotonic() + within.total_seconds()
        self._client = httpx.Client(
            # What is packed could be anything once it is unpacked.
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            transport=CheckedTransport(addresses),
        )
        self._lock = threading.Lock()
        self._connected: list[socket.socket] = []
        self._is_over = False
        self._alarm = threading.Timer(within.total_seconds(), self._cut)
        self._alarm.daemon = True
        self._alarm.start()

    def get(self, url: str, **more: Any) -> Answer:
        """Raises HttpFailure."""
        return self._ask("GET", url, **more)

    def post(self, url: str, **more: Any) -> Answer:
        """Raises HttpFailure."""
        return self._ask("POST", url, **more)

    def close(self) -> None:
        """Let the connections go."""
        self._alarm.cancel()
        self._client.close()

    def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        left, got = self._ends - monotonic(), bytearray()
        if left <= 0:
            raise HttpFailure("does not answer in time")
        more: dict[str, Any] = {"timeout": left, "extensions": {"trace": self._note}}
        try:
            with self._client.stream(
                method, url, params=params, data=data, headers=headers, **more
            ) as answer:
                for part in answer.iter_raw():
                    got += part
                    if len(got) > _MOST_BYTES:
                        raise HttpFailure("answers with more than anybody reads")
                # Who moves elsewhere, or has an error of its own, says nothing that counts.
                if answer.status_code >= 500 or 300 <= answer.status_code < 400:
                    raise HttpFailure(f"answers with the status {answer.status_code}")
                return Answer(answer.status_code, got.decode("utf-8", "replace"), dict(answer.headers))
        except ClosedPlace as closed:
            raise HttpFailure(f"is not called: {closed}") from None
        except (httpx.TimeoutException, httpcore.TimeoutException):
            raise HttpFailure("does not answer in time") from None
        except (httpx.ConnectError, httpcore.ConnectError) as failed:
            raise HttpFailure(f"cannot be reached: {failed}"[:200]) from None
        except (httpx.HTTPError, httpx.InvalidURL, *BROKEN) as failed:
            if self._is_over:
                raise HttpFailure("does not end its answer in time") from None
            raise HttpFailure(f"gives no answer: {failed}"[:200]) from None

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        if event in _CONNECTED:
            with self._lock:
                self._connected.append(info["return_value"].get_extra_info("socket"))
                is_over = self._is_over
            if is_over:
                self._cut()

    def _cut(self) -> None:
        """Whoever waits for an answer is woken: every byte, of headers too, gives a server as much time as the first."""
        with self._lock:
            self._is_over = True
            connected = list(self._connected)
        for one in connected:
            with suppress(OSError):
                # Past the TLS layer, which another thread is using.
                socket.socket.shutdown(one, socket.SHUT_RDWR)
