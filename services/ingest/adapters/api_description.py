"""The OpenAPI description of the HTTP edge, and a page that shows it without asking anybody else for anything."""

import html
import json
from collections.abc import Mapping
from typing import Any

_ERROR = {
    "type": "object",
    "properties": {
        "error": {"type": "string", "description": "What is wrong, for a person."},
        "fields": {
            "type": "array",
            "description": "Every field that cannot be taken.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "expected": {"type": "string"}},
                "required": ["field", "expected"],
            },
        },
    },
    "required": ["error"],
}
_ACCEPTED = {
    "type": "object",
    "properties": {
        "intake_id": {"type": "string", "description": "The message's place in the ledger."},
        "duplicate": {"type": "boolean", "description": "It was accepted before; nothing was added."},
    },
    "required": ["intake_id", "duplicate"],
}
_ANSWERS = {
    "202": "Kept: the message will become exactly one entry of exactly one ticket.",
    "200": "Kept before: the same yes again.",
    "400": "The body is no JSON.",
    "401": "No key, or not this channel's.",
    "404": "No such channel, or not one that is posted to.",
    "413": "Larger than the channel takes.",
    "415": "Not application/json.",
    "422": "Some fields cannot be taken; `fields` names each.",
    "503": "It cannot be kept now: ask again after Retry-After seconds. Nothing was kept, or the same request is told so.",
}
_EXAMPLE = {
    "client_message_id": "3f0c8a52",
    "conversation_id": None,
    "author": {"external_id": "u-17", "name": "Анна", "email": "anna@client.example"},
    "text": "Где мой заказ?",
    "fields": {"order": "1234"},
}


def describe(body_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The description as OpenAPI 3.1; `body_schema` has its parts under $defs and refers to them as components."""
    schema = dict(body_schema)
    parts = schema.pop("$defs", {})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Relaydesk: messages from other systems",
            "version": "1",
            "description": "Post messages to a channel of the kind json. Answers are read by TicketsService (gRPC).",
        },
        "paths": {
            "/v1/channels/{channel_id}/messages": {
                "post": {
                    "operationId": "postMessage",
                    "summary": "Hand in one message",
                    "security": [{"key": []}, {"header": []}],
                    "parameters": [
                        {
                            "name": "channel_id",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
                        },
                        {
                            "name": "Idempotency-Key",
                            "in": "header",
                            "description": "Names the message: posted again under it, it stays one. Without it and "
                            "client_message_id the content is the name.",
                            "schema": {"type": "string", "maxLength": 200},
                        },
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/MessageBody"},
                                "example": _EXAMPLE,
                            }
                        },
                    },
                    "responses": {code: _answer(code, text) for code, text in _ANSWERS.items()},
                }
            }
        },
        "components": {
            "schemas": {"MessageBody": schema, "Accepted": _ACCEPTED, "Error": _ERROR, **parts},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "The channel's key."},
                "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def _answer(code: str, text: str) -> dict[str, Any]:
    name = "Accepted" if code in ("200", "202") else "Error"
    answer: dict[str, Any] = {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    if code == "503":
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answer


def page(description: dict[str, Any]) -> str:
    """A page for people; no script, nothing from elsewhere."""
    schemas = description["components"]["schemas"]
    operation = description["paths"]["/v1/channels/{channel_id}/messages"]["post"]
    tables = "".join(
        _table(name, schemas[name]) for name in ("MessageBody", "AuthorBody", "AttachmentBody", "Accepted")
    )
    answers = "".join(
        f"<tr><td><code>{code}</code></td><td>{html.escape(one['description'])}</td></tr>"
        for code, one in operation["responses"].items()
    )
    call = (
        "curl -X POST http://HOST:8081/v1/channels/demo-api/messages \\\n"
        '  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -H "Idempotency-Key: 3f0c8a52" \\\n'
        f"  -d '{json.dumps(_EXAMPLE, ensure_ascii=False)}'"
    )
    title = html.escape(description["info"]["title"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}}td,th{{text-align:left;vertical-align:top;
padding:.35rem .6rem;border-bottom:1px solid #8884}}pre{{overflow-x:auto;padding:1rem;border:1px solid #8884}}
code,pre{{font-size:.9em}}</style></head><body>
<h1>{title}</h1><p>{html.escape(description["info"]["description"])}
The machine-readable description is <a href="/v1/openapi.json">/v1/openapi.json</a>.</p>
<h2><code>POST /v1/channels/{{channel_id}}/messages</code></h2>
<p>{html.escape(operation["summary"])}. The key is shown by <code>relaydesk channel key CHANNEL</code>.</p>
<pre>{html.escape(call)}</pre>
<h3>Answers</h3><table><tbody>{answers}</tbody></table>{tables}</body></html>
"""


def _table(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{html.escape(field)}</code>{' *' if field in required else ''}</td>"
        f"<td>{html.escape(_type(about))}</td><td>{html.escape(str(about.get('description', '')))}</td></tr>"
        for field, about in schema["properties"].items()
    )
    text = html.escape(str(schema.get("description", "")))
    head = "<tr><th>field</th><th>type</th><th></th></tr>"
    return (
        f"<h3>{html.escape(name)}</h3><p>{text}</p><table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    )


def _type(about: dict[str, Any]) -> str:
    if "anyOf" in about:
        return " or ".join(_type(one) for one in about["anyOf"])
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    name = str(about.get("format") or about.get("type", ""))
    return f"{name}, at most {about['maxLength']}" if "maxLength" in about else name
