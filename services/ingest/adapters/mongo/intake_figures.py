"""What the intake ledger comes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo.collection import Collection

from chassis.clock import Clock
from chassis.mongo import Document, named_failures
from services.ingest.adapters.mongo.intake_pages import span_of
from services.ingest.application.ports import LedgerCounts
from services.ingest.domain.intake import State


class IntakeFigures:
    """Counts the ledger's rows; whoever keeps them is one too."""

    _rows: Collection[Document]
    _clock: Clock

    def in_flight(self, channel_ids: Sequence[str], limit: int = 0) -> int:
        """Rows of these channels that are accepted and not closed; counted up to `limit`."""
        where = {"state": State.ACCEPTED.value, "channel_id": {"$in": list(channel_ids)}}
        with named_failures():
            if limit:
                return self._rows.count_documents(where, limit=limit)
            return self._rows.count_documents(where)

    def stuck(self, channel_id: str, span: Mapping[str, Any] | None = None) -> int:
        """Rows accepted for more than a minute and not closed."""
        before = self._clock.now() - timedelta(seconds=60)
        span = span or {}
        moments = {**span, "$lt": min(span.get("$lt", before), before)}
        with named_failures():
            return self._rows.count_documents(
                {"state": State.ACCEPTED.value, "channel_id": channel_id, "received_at": moments}
            )

    def closed_twice(self, channel_id: str, span: Mapping[str, Any] | None = None) -> int:
        """Rows that two commits closed."""
        where: dict[str, Any] = {"closed_twice": {"$gt": 0}, "channel_id": channel_id}
        if span:
            where["received_at"] = dict(span)
        with named_failures():
            return self._rows.count_documents(where, hint="twice")

    def in_quarantine(self, channel_id: str) -> int:
        """Rows that wait for a person."""
        with named_failures():
            return self._rows.count_documents({"state": State.QUARANTINED.value, "channel_id": channel_id})

    def ledger(
        self, channel_ids: Sequence[str], since: datetime | None, until: datetime | None
    ) -> list[LedgerCounts]:
        """What became of what was accepted in a span of time, by channel."""
        span = span_of(since, until)
        lines: list[LedgerCounts] = []
        for channel_id in channel_ids:
            where: dict[str, Any] = {"channel_id": channel_id}
            if span:
                where["received_at"] = span
            with named_failures():
                counts = {
                    state: self._rows.count_documents({"state": state.value, **where}) for state in State
                }
            stuck, twice = self.stuck(channel_id, span), self.closed_twice(channel_id, span)
            lines.append(LedgerCounts(channel_id, counts, stuck, twice))
        return lines
