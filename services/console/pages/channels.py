"""Every mailbox, bot and key: what flows through it, what is wrong with it, and what was changed of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import InvalidField, NotFound, PermissionDenied
from services.console.domain.channels import ChannelState, Check
from services.console.domain.ingest import Channel
from services.console.domain.reports import BoardChannel
from services.console.pages.frame import Console, frame, is_partial, page
from services.console.pages.part import Part, part
from services.console.pages.setting_words import SettingWords

# What nothing comes or goes by.
_GRAVE = ("settings", "fetching", "sending")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """`flow` is None where nothing was counted for the channel."""

    channel: Channel
    flow: BoardChannel | None
    about: ChannelState

    @property
    def state(self) -> str:
        """paused, broken (its troubles say why), growing, unread (nobody takes from its queue), dead (letters wait) or
        flowing; the worst first."""
        if self.channel.is_paused:
            return "paused"
        if any(trouble.kind in _GRAVE for trouble in self.about.troubles):
            return "broken"
        if self.flow is None:
            return "quiet"
        if self.flow.ready and not self.flow.consumers:
            return "unread"
        if self.flow.is_growing:
            return "growing"
        if self.flow.dead_letters:
            return "dead"
        return "flowing" if self.flow.in_per_minute or self.flow.out_per_minute else "quiet"


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("channels", __name__)
    channels = console.desk.channels

    @pages.get("/channels")
    def show() -> Response:
        rows, board, _ = rows_of(console)
        return page("channels.html", current="channels", rows=rows, board_failure=board.failure, said=said())

    @pages.get("/channels/<channel_id>")
    def one(channel_id: str) -> Response:
        return show_one(console, channel_id)

    @pages.post("/channels/<channel_id>/pause")
    def pause(channel_id: str) -> WerkzeugResponse:
        channels.pause(channel_id, version_in(request.form), may_manage())
        console.directory.forget()
        return redirect(f"/channels/{channel_id}", 303)

    @pages.post("/channels/<channel_id>/resume")
    def resume(channel_id: str) -> WerkzeugResponse:
        channels.resume(channel_id, version_in(request.form), may_manage())
        console.directory.forget()
        return redirect(f"/channels/{channel_id}", 303)

    @pages.post("/channels/<channel_id>/key")
    def key(channel_id: str) -> Response:
        here = frame()
        if not here.me.may_administer:
            raise PermissionDenied(here.words.gettext("Only administrators see the key of a channel."))
        return show_one(console, channel_id, key=channels.key(channel_id, here.me.agent_id))

    @pages.post("/channels/<channel_id>/test")
    def test(channel_id: str) -> Response:
        agent_id = may_manage()
        checks = part(lambda: channels.test(channel_id, agent_id))
        if is_partial():
            return page("parts/channel_checks.html", checks=checks, said=said())
        return show_one(console, channel_id, checks)

    return pages


def show_one(
    console: Console,
    channel_id: str,
    checks: Part[tuple[Check, ...]] | None = None,
    key: str = "",
) -> Response:
    """The channel's page, with what a test found, or its key, where that was asked for. Raises NotFound."""
    rows, board, states = rows_of(console, channel_id)
    chosen = next((row for row in rows.value or () if row.channel.channel_id == channel_id), None)
    if chosen is None and rows.failure is None:
        raise NotFound(f"channel {channel_id}")
    changes = part(lambda: console.desk.channels.list_changes(channel_id))
    return page(
        "channel.html",
        current="channels",
        rows=rows,
        chosen=chosen,
        changes=changes,
        states_failure=states.failure,
        board_failure=board.failure,
        said=said(),
        checks=checks,
        key=key,
    )


def rows_of(
    console: Console, channel_id: str = ""
) -> tuple[Part[list[ChannelRow]], Part[object], Part[tuple[ChannelState, ...]]]:
    """Every channel, with what is known of it (or of the one); what flows and how it goes may each be unknown."""
    listed = part(console.desk.ingest.list_channels)
    board = part(lambda: console.desk.reports.get_board(timedelta(minutes=15), None))
    states = part(lambda: console.desk.channels.list_states(channel_id))
    flows = {flow.channel_id: flow for flow in board.value.channels} if board.value else {}
    about = {state.channel_id: state for state in states.value or ()}
    rows: Part[list[ChannelRow]] = Part(failure=listed.failure)
    if listed.value is not None:
        rows = Part(
            value=[
                ChannelRow(
                    one,
                    flows.get(one.channel_id),
                    about.get(one.channel_id) or ChannelState(one.channel_id),
                )
                for one in listed.value
            ]
        )
    return rows, Part(failure=board.failure), states


def said() -> SettingWords:
    return SettingWords(frame().words)


def may_manage() -> str:
    """The agent who may change channels. Raises PermissionDenied."""
    here = frame()
    if not here.me.may_manage_channels:
        raise PermissionDenied(
            here.words.gettext("Only those with the right to manage channels change them.")
        )
    return here.me.agent_id


def version_in(form: Mapping[str, str]) -> int:
    """The version that the page was made of. Raises InvalidField."""
    version = form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 16):
        raise InvalidField("version", "a number", version)
    return int(version)
