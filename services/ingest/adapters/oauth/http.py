"""Asking a token endpoint that is trusted neither with our memory nor with our time."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.clock import monotonic

# Seconds for one answer, from its first byte to its last.
_WITHIN = 15.0
# What a provider says of its keys and addresses is a few kilobytes, a token at most sixteen.
_MOST_BYTES = 256 * 1024


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
    """GET and POST without redirects; certificates are checked."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            timeout=_WITHIN, follow_redirects=False, verify=ssl.create_default_context()
        )

    def get(self, url: str, **more: Any) -> Answer:
        """Raises HttpFailure."""
        return self._ask("GET", url, **more)

    def post(self, url: str, **more: Any) -> Answer:
        """Raises HttpFailure."""
        return self._ask("POST", url, **more)

    def close(self) -> None:
        """Let the connections go."""
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
        ends, got = monotonic() + _WITHIN, bytearray()
        try:
            with self._client.stream(method, url, params=params, data=data, headers=headers) as answer:
                for part in answer.iter_bytes():
                    got += part
                    if len(got) > _MOST_BYTES:
                        raise HttpFailure("answers with more than anybody reads")
                    if monotonic() > ends:
                        raise HttpFailure("does not end its answer")
                # Who moves elsewhere, or has an error of its own, says nothing that counts.
                if answer.status_code >= 500 or 300 <= answer.status_code < 400:
                    raise HttpFailure(f"answers with the status {answer.status_code}")
                return Answer(answer.status_code, got.decode("utf-8", "replace"), dict(answer.headers))
        except httpx.TimeoutException:
            raise HttpFailure("does not answer in time") from None
        except httpx.ConnectError as failed:
            raise HttpFailure(f"cannot be reached: {failed}"[:200]) from None
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            raise HttpFailure(f"gives no answer: {failed}"[:200]) from None
