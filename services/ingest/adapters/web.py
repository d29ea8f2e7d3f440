"""The HTTP edge: posted messages, and what describes them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from flask import Flask, Request, Response, request

from chassis.errors import TooBusy, Unavailable
from chassis.telemetry import tracing
from services.ingest.adapters import api_description
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.application.accept_message import Arrival
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.errors import InvalidBody
from services.ingest.domain.intake import Envelope

_RETRY_AFTER = "5"
_LONGEST_KEY = 200


def make_app(edge: Edge, files: MongoFiles, body_schema: Mapping[str, Any]) -> Flask:
    """The application; every answer is JSON but the page for people. `body_schema` describes what is posted."""
    app = Flask("relaydesk-ingest", static_folder=None)
    description = api_description.describe(body_schema)
    described = json.dumps(description)
    page = api_description.page(description)
    messages = _Messages(edge, files)

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

    @app.post("/v1/channels/<channel_id>/messages")
    def post_message(channel_id: str) -> Response:
        return messages.post(channel_id, request)

    @app.errorhandler(404)
    def not_found(_: Any) -> Response:
        return _no(404, "no such page; /v1/docs tells what there is")

    @app.errorhandler(405)
    def not_allowed(error: Any) -> Response:
        answer = _no(405, "another method is wanted here")
        answer.headers["Allow"] = ", ".join(error.valid_methods or ())
        return answer

    @app.errorhandler(413)
    def too_large(_: Any) -> Response:
        return _no(413, "the body is larger than any channel takes")

    return app


class _Messages:
    def __init__(self, edge: Edge, files: MongoFiles) -> None:
        self._edge = edge
        self._files = files
        self._log = structlog.get_logger(__name__)

    def post(self, channel_id: str, asked: Request) -> Response:
        """Keep the message, then say yes; any doubt is 503."""
        try:
            return self._post(channel_id, asked)
        except TooBusy as busy:
            return _later(str(busy), str(max(1, int(busy.retry_after.total_seconds()))))
        except (Unavailable, TimeoutError) as away:
            self._log.warning("message_not_kept", channel=channel_id, reason=type(away).__name__)
            return _later("the message cannot be kept now; ask again", _RETRY_AFTER)

    def _post(self, channel_id: str, asked: Request) -> Response:
        found = self._edge.directory.find(channel_id)
        if found is None or not found[1].is_posted_to:
            return _no(404, f"there is no channel {channel_id[:80]!r} that is posted to")
        channel, live = found
        if not self._edge.directory.is_key(channel_id, _key(asked)):
            answer = _no(
                401, "send the channel's key, as `Authorization: Bearer <key>` or `X-Api-Key: <key>`"
            )
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        if channel.is_paused:
            return _later("the channel is paused", "60")
        return self._keep(channel, live, asked)

    def _keep(self, channel: Channel, live: LiveChannel, asked: Request) -> Response:
        refusal = self._refusal(live, asked)
        if refusal is not None:
            self._edge.refused(channel.channel_id)
            return refusal
        raw = asked.get_data(cache=False)
        if len(raw) > live.size_limit:
            self._edge.refused(channel.channel_id)
            return _too_large(live)
        key = asked.headers.get("Idempotency-Key", "").strip()
        try:
            self._check_uploads(live.check_posted(raw, key))
        except InvalidBody as invalid:
            self._edge.refused(channel.channel_id)
            return _invalid(invalid)
        envelope = Envelope(peer=asked.remote_addr or "", idempotency_key=key)
        arrival = Arrival(channel, live, raw, envelope, tracing.current_traceparent())
        (kept,) = self._edge.accept([arrival])
        return _json(
            200 if kept.is_duplicate else 202, {"intake_id": kept.intake_id, "duplicate": kept.is_duplicate}
        )

    def _refusal(self, live: LiveChannel, asked: Request) -> Response | None:
        if asked.mimetype != "application/json":
            return _no(415, "Content-Type: application/json is wanted")
        if asked.content_length is not None and asked.content_length > live.size_limit:
            return _too_large(live)
        if len(asked.headers.get("Idempotency-Key", "")) > _LONGEST_KEY:
            return _fields(
                422,
                "some fields cannot be taken",
                [("Idempotency-Key", f"at most {_LONGEST_KEY} characters")],
            )
        return None

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


def _key(asked: Request) -> str:
    scheme, _, key = asked.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else asked.headers.get("X-Api-Key", "").strip()


def _invalid(invalid: InvalidBody) -> Response:
    if invalid.mistakes and invalid.mistakes[0][0] == "":
        return _no(400, f"the body is not {invalid.mistakes[0][1]}"[:300])
    return _fields(422, "some fields cannot be taken", invalid.mistakes)


def _fields(status: int, text: str, mistakes: Sequence[tuple[str, str]]) -> Response:
    return _json(
        status,
        {"error": text, "fields": [{"field": field, "expected": expected} for field, expected in mistakes]},
    )


def _too_large(live: LiveChannel) -> Response:
    return _no(413, f"the body is larger than the {live.size_limit} bytes that the channel takes")


def _later(text: str, retry_after: str) -> Response:
    answer = _no(503, text)
    answer.headers["Retry-After"] = retry_after
    return answer


def _no(status: int, text: str) -> Response:
    return _json(status, {"error": text})


def _json(status: int, body: Mapping[str, object]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
