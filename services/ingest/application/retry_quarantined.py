"""Quarantined messages are processed again, after a fix."""

from collections.abc import Sequence

from services.ingest.application.ports import Clock, Quarantine, Unpublished


def retry_quarantined(
    intake_ids: Sequence[str], channel_id: str, quarantine: Quarantine, clock: Clock
) -> Sequence[Unpublished]:
    """Set them back to accepted: these ids, or all of a channel (a thousand at once). Answers what is to be published."""
    return quarantine.retry(intake_ids, channel_id, clock.now())
