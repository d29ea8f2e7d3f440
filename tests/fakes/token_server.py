"""A provider of access tokens: Microsoft's and Google's endpoints, and one at which mail servers ask whose a token is."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Form = Mapping[str, str]
SECRET = "application-secret"


@dataclass
class TokenServer:
    """Gives tokens for its secret and its refresh tokens; at Microsoft's endpoint a refresh token is changed at each use."""

    # Whose the tokens are.

    user: str = ""
    refresh_tokens: set[str] = field(default_factory=lambda: {"refresh-0"})
    lasts: int = 3600
    # What is answered instead of a token: (status, body).
    answer: tuple[int, bytes] | None = None
    asked: list[Form] = field(default_factory=list)
    active: dict[str, str] = field(default_factory=dict)
    # Asked by mail servers.
    introspected: list[str] = field(default_factory=list)
    # Before it answers.
    gate: threading.Event = field(default_factory=threading.Event)
    https_port: int = 0
    http_port: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def authority(self) -> str:
        return f"https://127.0.0.1:{self.https_port}"

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/token"

    @property
    def introspection_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/introspect"

    def revoke(self) -> None:
        """No token that was given is good any more."""
        self.active.clear()

    def configuration(self, tenant: str) -> dict[str, Any]:
        place = f"{self.authority}/{tenant}"
        return {
            "issuer": f"{place}/v2.0",
            "authorization_endpoint": f"{place}/oauth2/v2.0/authorize",
            "token_endpoint": f"{place}/oauth2/v2.0/token",
        }

    def give(self, form: Form) -> tuple[int, dict[str, Any]]:
        """The answer of a token endpoint."""
        self.asked.append(form)
        self.gate.wait(60)
        if form.get("client_secret") != SECRET:
            said = "AADSTS7000215: Invalid client secret provided. Trace ID: 1234\r\nTimestamp: now"
            return 401, {"error": "invalid_client", "error_description": said}
        token, more = f"token-{len(self.asked)}", {}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}
            if "offline_access" in form.get("scope", ""):
                more = {"refresh_token": f"refresh-{len(self.asked)}"}
                self.refresh_tokens.add(more["refresh_token"])
        self.active[token] = self.user
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lasts, **more}

    def introspect(self, form: Form) -> dict[str, Any]:
        token = form.get("token", "")
        self.introspected.append(token)
        if token not in self.active:
            return {"active": False}
        return {"active": True, "username": self.active[token]}


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            tenant = urlsplit(self.path).path.split("/")[1]
            if server.answer is not None:
                self._say(*server.answer)
            elif tenant == "unknown":
                self._say(400, b'{"error": "invalid_tenant"}')
            else:
                self._say(200, json.dumps(server.configuration(tenant)).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self.path == "/introspect":
                self._say(200, json.dumps(server.introspect(form)).encode())
            elif server.answer is not None:
                server.asked.append(form)
                self._say(*server.answer)
            else:
                status, said = server.give(form)
                self._say(status, json.dumps(said).encode())

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            """Nobody reads it."""

    return Handler


@contextmanager
def giving_tokens(certificate: tuple[Path, Path]) -> Iterator[TokenServer]:
    """A started provider, gone afterwards."""
    server = TokenServer()
    plain = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    secure = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    server.http_port, server.https_port = plain.server_address[1], secure.server_address[1]
    for one in (plain, secure):
        one.daemon_threads = True
        threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        for one in (plain, secure):
            one.shutdown()
            one.server_close()
