"""A shop of the demo's customers, so that the first ticket one opens shows orders: the smallest source that
docs/lookup.md allows."""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from chassis.clock import epoch_milliseconds
from chassis.config import load
from chassis.run import run
from chassis.telemetry.logs import configure_logs
from local import demo_mails
from local.supervisor import ProcessSpec

NAME = "demo shop"
_SECRET = "demo-shop"
_WITHIN_SECONDS = 300


@dataclass(frozen=True)
class ShopConfig:
    http_port: int
    secret: Path


def with_shop(
    specs: Iterable[ProcessSpec], folder: Path, port: int, base: Mapping[str, str]
) -> list[ProcessSpec]:
    """The processes with a shop before them, of which the console is told by files in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    secret, lookups = folder / _SECRET, folder / "lookups.yaml"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    source = {
        "id": "shop",
        "name": "Northline shop",
        "kind": "customers",
        "url": f"http://127.0.0.1:{port}",
        "secret": _SECRET,
        "allow_http": True,
        "allow_addresses": ["127.0.0.1"],
    }
    # JSON is YAML too.
    lookups.write_text(json.dumps({"sources": [source]}, indent=1))
    shop = ProcessSpec(
        name=NAME,
        argv=(sys.executable, "-m", "local.shop"),
        env={**base, "HTTP_PORT": str(port), "SECRET": str(secret)},
        ready_port=port,
        ports={"HTTP_PORT": port},
        stops=3,
    )
    told = {"LOOKUPS_FILE": str(lookups), "SECRETS_FOLDER": str(folder)}
    return [
        shop,
        *(
            replace(spec, env={**spec.env, **told}) if spec.name.startswith("console ") else spec
            for spec in specs
        ),
    ]


class ShopServer:
    """Answers who signs with the secret."""

    name = NAME

    def __init__(self, config: ShopConfig) -> None:
        self._web = ThreadingHTTPServer(("127.0.0.1", config.http_port), _pages(config.secret.read_text()))
        self.port = self._web.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._web.serve_forever, name="demo-shop", daemon=True).start()

    def stop(self, grace: timedelta) -> None:
        self._web.shutdown()
        self._web.server_close()


def _pages(secret: str) -> type[BaseHTTPRequestHandler]:
    key = base64.b64decode(secret.strip().removeprefix("whsec_"))

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not _is_signed(self.headers, self.path, key):
                self._say(401, {"error": "not signed"})
                return
            asked = urlsplit(self.path)
            if asked.path != "/customers":
                self._say(404, {"error": "only /customers is here"})
                return
            wanted = {kind: values[0] for kind, values in parse_qs(asked.query).items()}
            self._say(200, answer_to(wanted))

        def _say(self, status: int, answer: Mapping[str, object]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing: an address would stand in it."""

    return Pages


def _is_signed(headers: Message, target: str, key: bytes) -> bool:
    at = headers.get("webhook-timestamp") or ""
    if not at.isdigit() or abs(epoch_milliseconds() // 1000 - int(at)) > _WITHIN_SECONDS:
        return False
    signed = f"{headers.get('webhook-id')}.{at}.{target}".encode()
    wanted = f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"
    given = (headers.get("webhook-signature") or "").split()
    return any(hmac.compare_digest(one, wanted) for one in given)


def answer_to(wanted: Mapping[str, str]) -> dict[str, object]:
    """What the contract says to answer; people are known by their address only."""
    today = demo_mails.now().replace(hour=9, minute=12, second=0, microsecond=0)

    def order(number: str, days: int, status: str, sum_: str, currency: str) -> dict[str, object]:
        date = (today - timedelta(days=days)).isoformat()
        return {"number": number, "date": date, "status": status, "sum": sum_, "currency": currency}

    people: dict[str, dict[str, object]] = {
        "hannah.becker@post.example": {
            "name": "Hannah Becker",
            "fields": [{"name": "Loyalty", "value": "Gold"}],
            "orders": [
                order("NL-2205-718", 6, "in customs", "189.00", "EUR"),
                order("NL-1984-003", 90, "delivered", "18.50", "EUR"),
            ],
        },
        "rafael.souza@correio.example": {
            "name": "Rafael Souza",
            "orders": [
                order("NL-8841-090", 1, "paid", "412.90", "BRL"),
                order("NL-8841-091", 1, "paid", "412.90", "BRL"),
            ],
        },
        "igor.lapshin@pochta.example": {
            "name": "Игорь Лапшин",
            "orders": [order("NL-7718-442", 4, "вручено", "3490", "RUB")],
        },
    }
    found = people.get(wanted.get("email", "").lower())
    return {"version": 1, "customers": [found] if found else []}


if __name__ == "__main__":
    configure_logs({"service": NAME}, "info", sys.stdout.buffer)
    raise SystemExit(run([ShopServer(load(ShopConfig))]))
