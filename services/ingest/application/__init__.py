"""What ingest does, one file for each use case; what it does about the facts of others stands in this table."""

from collections.abc import Callable, Mapping
from typing import Any

from services.ingest.application.close_rows import CloseRow, close_row
from services.ingest.application.queue_sends import QueueReply, queue_sends

HANDLERS: Mapping[type, Callable[[Any, Any], object]] = {CloseRow: close_row, QueueReply: queue_sends}
