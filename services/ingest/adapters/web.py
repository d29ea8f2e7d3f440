"""The HTTP edge: posted messages, and what describes them.

A message is taken on the event loop, from its bytes to its place in a group, and answered when the group is kept: no
thread waits for it. What may block goes to a pool: a large body, a file that the body names, a look into the store.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

import orjson
import structlog
from a2wsgi import WSGIMiddleware
from flask import Flask, Response

from chassis.errors import TooBusy, Unavailable
from chassis.letters import describe
from chassis.telemetry import Metrics, tracing
from chassis.web import (
    Answer,
    BodyTooLarge,
    ClientGone,
    MeasuredApp,
    MeasuredRoute,
    Receive,
    Scope,
    Send,
    read_body,
)
from services.ingest.adapters import api_description
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.application.accept_message import Arrival, KeepRows
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.errors import InvalidBody
from services.ingest.domain.intake import Envelope

_RETRY_AFTER = "5"
_NOT_NOW = "the message cannot be kept now; ask again"
_LONGEST_KEY = 200
_JSON = (b"content-type", b"application/json")
_ROAD, _ROAD_ENDS = "/v1/channels/", "/messages"
_PAGE_THREADS = 2

T = TypeVar("T")


class EdgeApp:
    """The ASGI application: the messages, and Flask for every other page; every answer is JSON but the page for people.

    `body_schema` describes what is posted. `threads` work on what may block; `body_limit` is in bytes, a channel may take
    less.
    """

    def __init__(
        self,
        edge: Edge,
        files: MongoFiles,
        body_schema: Mapping[str, Any],
        metrics: Metrics,
        *,
        threads: int,
        body_limit: int,
    ) -> None:
        messages = _Messages(edge, files, threads, body_limit)
        self._post = MeasuredRoute(f"{_ROAD}<channel_id>{_ROAD_ENDS}", messages, metrics)
        # Its types are as long as ASGI itself; ours say the same.
        pages: Any = MeasuredApp(_pages(body_schema), metrics)
        self._pages: Any = WSGIMiddleware(pages, workers=_PAGE_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live_and_die(receive, send)
        elif _channel_in(scope["path"]):
            await self._post(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


class _No(Exception):
    """The answer is this one."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Messages:
    def __init__(self, edge: Edge, files: MongoFiles, threads: int, body_limit: int) -> None:
        self._edge = edge
        self._files = files
        self._body_limit = body_limit
        self._pool = ThreadPoolExecutor(threads, "edge")
        self._log = structlog.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive) -> Answer:
        """Keep the message, then say yes; any doubt is 503."""
        channel_id = _channel_in(scope["path"])
        if scope["method"] != "POST":
            return _no(405, "another method is wanted here", (b"allow", b"POST"))
        try:
            return await self._keep(channel_id, scope, receive)
        except _No as no:
            return no.answer
        except TooBusy as busy:
            return _later(str(busy), str(max(1, int(busy.retry_after.total_seconds()))))
        except (Unavailable, TimeoutError) as away:
            self._log.warning("message_not_kept", channel=channel_id, reason=type(away).__name__)
            return _later(_NOT_NOW, _RETRY_AFTER)
        except ClientGone:
            raise
        except Exception as failure:  # noqa: BLE001 - a bug of ours must not lose the message: its sender keeps it
            self._log.exception("message_not_kept", channel=channel_id, reason=describe(failure))
            return _later(_NOT_NOW, _RETRY_AFTER)

    async def _keep(self, channel_id: str, scope: Scope, receive: Receive) -> Answer:
        said: dict[bytes, bytes] = dict(scope["headers"])
        key = _key(said)
        at_hand = self._edge.directory.opened_at_hand(channel_id, key)
        opened = at_hand if at_hand is not None else await self._apart(self._open, channel_id, key)
        channel, live = opened
        if channel.is_paused:
            raise _No(_later("the channel is paused", "60"))
        try:
            body = await self._body(channel_id, live, said, receive)
            envelope = Envelope(
                peer=scope["client"][0] if scope["client"] else "",
                idempotency_key=_text(said, b"idempotency-key").strip(),
            )
            road = tracing.current_traceparent()
            command = None
            # Where the channel had to be looked up the clock may never have been read, which asks the database as well.
            if at_hand is not None and isinstance(body, bytes):
                arrival = Arrival(channel, live, body, envelope, road)
                if not any(live.check_posted(body, envelope.idempotency_key)):
                    command = self._edge.begin([arrival])
            if command is None:
                command = await self._apart(self._begin, channel, live, body, envelope, road)
        except InvalidBody as invalid:
            self._edge.refused(channel_id)
            return _invalid(invalid)
        (kept,) = await self._edge.keep(command)
        return _json(
            200 if kept.is_duplicate else 202, {"intake_id": kept.intake_id, "duplicate": kept.is_duplicate}
        )

    def _open(self, channel_id: str, key: str) -> tuple[Channel, LiveChannel]:
        """The channel that the key opens."""
        found = self._edge.directory.find(channel_id)
        if found is None and self._edge.directory.is_unreadable(channel_id):
            raise _No(_later("the channel cannot be read now", _RETRY_AFTER))
        if found is None or not found[1].is_posted_to:
            raise _No(_no(404, f"there is no channel {channel_id[:80]!r} that is posted to"))
        if not self._edge.directory.is_key(channel_id, key):
            wanted = "send the channel's key, as `Authorization: Bearer <key>` or `X-Api-Key: <key>`"
            raise _No(_no(401, wanted, (b"www-authenticate", b"Bearer")))
        return found

    async def _body(
        self, channel_id: str, live: LiveChannel, said: Mapping[bytes, bytes], receive: Receive
    ) -> bytes | IO[bytes]:
        """What is posted, in the right form and size."""
        limit = min(live.size_limit, self._body_limit)
        too_large = f"the body is larger than the {limit} bytes that the channel takes"
        if said.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            refusal = _no(415, "Content-Type: application/json is wanted")
        elif int(said.get(b"content-length", b"0")) > limit:
            refusal = _no(413, too_large)
        elif len(said.get(b"idempotency-key", b"")) > _LONGEST_KEY:
            expected = f"at most {_LONGEST_KEY} characters"
            refusal = _fields(422, "some fields cannot be taken", [("Idempotency-Key", expected)])
        else:
            try:
                return await read_body(receive, limit)
            except BodyTooLarge:
                refusal = _no(413, too_large)
        self._edge.refused(channel_id)
        raise _No(refusal)

    def _begin(
        self,
        channel: Channel,
        live: LiveChannel,
        body: bytes | IO[bytes],
        envelope: Envelope,
        traceparent: str,
    ) -> KeepRows:
        """What may block of the way to the rows."""
        if isinstance(body, bytes):
            raw = body
        else:
            with body:
                raw = body.read()
        self._check_uploads(live.check_posted(raw, envelope.idempotency_key))
        return self._edge.begin([Arrival(channel, live, raw, envelope, traceparent)])

    def _check_uploads(self, upload_ids: Sequence[str]) -> None:
        wanted = [upload_id for upload_id in upload_ids if upload_id]
        if not wanted:
            return
        known = self._files.describe(wanted)
        mistakes = [
            (f"attachments.{place}.upload_id", "the id of a file that was uploaded before")
            for place, upload_id in enumerate(upload_ids)
            if upload_id and upload_id not in known
        ]
        if mistakes:
            raise InvalidBody(mistakes)

    async def _apart(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)


def _pages(body_schema: Mapping[str, Any]) -> Flask:
    app = Flask("relaydesk-ingest", static_folder=None)
    description = api_description.describe(body_schema)
    described = json.dumps(description)
    page = api_description.page(description)

    @app.get("/v1/openapi.json")
    def openapi() -> Response:
        return Response(described, mimetype="application/json")

    @app.get("/v1/docs")
    def docs() -> Response:
        answer = Response(page, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
        )
        return answer

    @app.errorhandler(404)
    def not_found(_: Any) -> Response:
        return _error_page(404, "no such page; /v1/docs tells what there is")

    @app.errorhandler(405)
    def not_allowed(error: Any) -> Response:
        answer = _error_page(405, "another method is wanted here")
        answer.headers["Allow"] = ", ".join(error.valid_methods or ())
        return answer

    return app


def _error_page(status: int, text: str) -> Response:
    return Response(orjson.dumps({"error": text}), status, mimetype="application/json")


async def _live_and_die(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return


def _channel_in(path: str) -> str:
    """The channel that a path posts to; empty where it is another page's."""
    if not path.startswith(_ROAD) or not path.endswith(_ROAD_ENDS):
        return ""
    channel_id = path[len(_ROAD) : -len(_ROAD_ENDS)]
    return "" if "/" in channel_id else channel_id


def _text(said: Mapping[bytes, bytes], name: bytes) -> str:
    return said.get(name, b"").decode("latin-1")


def _key(said: Mapping[bytes, bytes]) -> str:
    scheme, _, key = _text(said, b"authorization").partition(" ")
    return (key if scheme.lower() == "bearer" else _text(said, b"x-api-key")).strip()


def _invalid(invalid: InvalidBody) -> Answer:
    if invalid.mistakes and invalid.mistakes[0][0] == "":
        return _no(400, f"the body is not {invalid.mistakes[0][1]}"[:300])
    return _fields(422, "some fields cannot be taken", invalid.mistakes)


def _fields(status: int, text: str, mistakes: Sequence[tuple[str, str]]) -> Answer:
    fields = [{"field": field, "expected": expected} for field, expected in mistakes]
    return _json(status, {"error": text, "fields": fields})


def _later(text: str, retry_after: str) -> Answer:
    return _no(503, text, (b"retry-after", retry_after.encode()))


def _no(status: int, text: str, *headers: tuple[bytes, bytes]) -> Answer:
    return _json(status, {"error": text}, *headers)


def _json(status: int, body: Mapping[str, object], *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, orjson.dumps(body), (_JSON, *headers))
