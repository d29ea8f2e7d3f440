"""Every mailbox, bot and key, with what flows through it."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response

from chassis.errors import NotFound
from services.console.domain.ingest import Channel
from services.console.domain.reports import BoardChannel
from services.console.pages.frame import Console, page
from services.console.pages.part import Part, part

# Settings that could hold a secret by its value are never shown, whatever ingest answers.
_SECRET = ("password", "secret", "token", "key")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """`flow` is None where nothing was counted for the channel."""

    channel: Channel
    flow: BoardChannel | None

    @property
    def state(self) -> str:
        """paused, growing, unread (nobody takes from its queue), dead (letters wait) or flowing; the worst first."""
        if self.channel.is_paused:
            return "paused"
        if self.flow is None:
            return "quiet"
        if self.flow.ready and not self.flow.consumers:
            return "unread"
        if self.flow.is_growing:
            return "growing"
        if self.flow.dead_letters:
            return "dead"
        return "flowing" if self.flow.in_per_minute or self.flow.out_per_minute else "quiet"

    @property
    def shown_settings(self) -> list[tuple[str, str]]:
        return [
            (name, "···" if any(word in name.lower() for word in _SECRET) else value)
            for name, value in sorted(self.channel.settings.items())
        ]


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("channels", __name__)

    @pages.get("/channels")
    @pages.get("/channels/<channel_id>")
    def show(channel_id: str = "") -> Response:
        listed = part(console.desk.ingest.list_channels)
        board = part(lambda: console.desk.reports.get_board(timedelta(minutes=15), None))
        flows = {flow.channel_id: flow for flow in board.value.channels} if board.value else {}
        rows: Part[list[ChannelRow]] = Part(failure=listed.failure)
        if listed.value is not None:
            rows = Part(value=[ChannelRow(one, flows.get(one.channel_id)) for one in listed.value])
        chosen = next((row for row in rows.value or () if row.channel.channel_id == channel_id), None)
        if channel_id and chosen is None and listed.failure is None:
            raise NotFound(f"channel {channel_id}")
        return page(
            "channels.html", current="channels", rows=rows, chosen=chosen, board_failure=board.failure
        )

    return pages
