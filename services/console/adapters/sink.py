"""Mails that the local sink caught, by its small HTTP interface."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from chassis.errors import Unavailable
from services.console.domain.ingest import CaughtMail


class HttpSink:
    """Implements the port Sink over `GET <url>/mails`."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=3)

    def list_mails(self) -> tuple[CaughtMail, ...]:
        try:
            answer = self._client.get("/mails").raise_for_status().json()
            mails = [_mail_of(row) for row in answer]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable("mail sink") from error
        return tuple(sorted(mails, key=lambda mail: mail.received_at, reverse=True))

    def close(self) -> None:
        self._client.close()


def _mail_of(row: Mapping[str, object]) -> CaughtMail:
    to = row["to"]
    received_at = datetime.fromisoformat(str(row["received_at"]))
    return CaughtMail(
        mail_id=str(row["id"]),
        sender=str(row["from"]),
        recipients=tuple(str(one) for one in to) if isinstance(to, list) else (str(to),),
        subject=str(row["subject"]),
        received_at=received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC),
        text=str(row["text"]),
    )
