"""The console over the fakes, for tests in a browser and for looking at it: python -m tests.console_over_fakes 8090."""

import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.web import AsgiServer, serve_asgi
from services.console.adapters.session import Sessions
from services.console.application.directory import Directory
from services.console.application.macros import load_macros
from services.console.pages.app import build_app
from services.console.pages.asgi import ConsoleApp
from services.console.pages.assets import Assets
from services.console.pages.frame import Console
from services.console.pages.hub import Hub
from services.console.pages.live import Live
from services.console.pages.renderer import Renderer
from tests.fakes.console import MemoryDesk, memory_desk

KEY = "a key for tests only"
PASSWORD = "a long password"
KATE = "kate.miller@northline.example"


@dataclass
class Visitor:
    """A browser that keeps cookies and sends what htmx and Fetch Metadata send."""

    console: Console
    client: FlaskClient
    session_id: str = ""

    def get(self, address: str, *, part: bool = False, **headers: str) -> TestResponse:
        extra = {"HX-Request": "true"} if part else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(address, headers={"Sec-Fetch-Site": "same-origin", **extra, **named})

    def post(
        self, address: str, form: dict[str, object], *, part: bool = True, **headers: str
    ) -> TestResponse:
        token = self.console.sessions.form_token(self.session_id)
        extra = {"HX-Request": "true"} if part else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            address,
            data={"csrf": token, **form},
            headers={"Sec-Fetch-Site": "same-origin", **extra, **named},
        )

    def sign_in(self, email: str = KATE, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        door = self.client.get_cookie("door")
        assert door is not None
        self.session_id = door.value
        answer = self.post("/sign-in", {"email": email, "password": password}, part=False)
        cookie = self.client.get_cookie("session")
        if cookie is not None:
            session = self.console.sessions.read(cookie.value)
            assert session is not None
            self.session_id = session.session_id
        return answer


@cache
def files() -> tuple[Assets, Renderer]:
    """Static files and compiled templates: the same for every test, and slow to make."""
    assets = Assets()
    return assets, Renderer(assets)


def build_console(fakes: MemoryDesk) -> Console:
    assets, renderer = files()
    return Console(
        desk=fakes.desk,
        directory=Directory(fakes.desk, keep=timedelta(0)),
        sessions=Sessions(KEY),
        renderer=renderer,
        assets=assets,
        macros=load_macros(),
        site_name="Northline",
        version="0.1.0",
    )


def serve_console(fakes: MemoryDesk, port: int = 0, *, streams_max: int = 100) -> AsgiServer:
    """The whole process as it is shipped, but for what is behind its ports."""
    console = build_console(fakes)
    hub = Hub(fakes.tickets, fakes.watch, console.renderer, console.directory, fakes.clock, streams_max)
    app = ConsoleApp(build_app(console), Live(console, hub), console.assets)
    return serve_asgi(app, "127.0.0.1", port, on_stop=hub.close)


if __name__ == "__main__":
    server = serve_console(memory_desk(), int(sys.argv[1]) if len(sys.argv) > 1 else 8090)
    server.start()
    print(f"http://127.0.0.1:{server.port}  kate.miller@northline.example / a long password")
    threading.Event().wait()
