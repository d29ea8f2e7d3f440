"""Quarantined messages are processed again, after a fix."""

from collections.abc import Sequence

from services.ingest.application.ports import Clock, IntakeStore, Unpublished


def retry_quarantined(
    intake_ids: Sequence[str], channel_id: str, intake: IntakeStore, clock: Clock
) -> Sequence[Unpublished]:
    """Set them back to accepted: these ids, or all of a channel (a thousand at once). Answers what is to be published."""
    return intake.retry(intake_ids, channel_id, clock.now())
