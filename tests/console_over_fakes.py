"""The console over the fakes, for tests in a browser and for looking at it: python -m tests.console_over_fakes 8090."""

import sys
import threading
from datetime import timedelta

from chassis.web import AsgiServer, serve_asgi
from services.console.adapters.session import Sessions
from services.console.application.directory import Directory
from services.console.application.macros import load_macros
from services.console.pages.app import build_app
from services.console.pages.asgi import ConsoleApp
from services.console.pages.assets import Assets
from services.console.pages.frame import Console
from services.console.pages.live import Hub, Live
from services.console.pages.renderer import Renderer
from tests.fakes.console import MemoryDesk, memory_desk

KEY = "a key for tests only"


def build_console(fakes: MemoryDesk) -> Console:
    assets = Assets()
    return Console(
        desk=fakes.desk,
        directory=Directory(fakes.desk, keep=timedelta(0)),
        sessions=Sessions(KEY),
        renderer=Renderer(assets),
        assets=assets,
        macros=load_macros(),
        site_name="Northline",
        version="0.1.0",
    )


def serve_console(fakes: MemoryDesk, port: int = 0, *, streams_max: int = 100) -> AsgiServer:
    """The whole process as it is shipped, but for what is behind its ports."""
    console = build_console(fakes)
    hub = Hub(fakes.watch, console.renderer, console.directory, fakes.clock, streams_max)
    app = ConsoleApp(build_app(console), Live(console, hub), console.assets)
    return serve_asgi(app, "127.0.0.1", port, on_stop=hub.close)


if __name__ == "__main__":
    server = serve_console(memory_desk(), int(sys.argv[1]) if len(sys.argv) > 1 else 8090)
    server.start()
    print(f"http://127.0.0.1:{server.port}  kate.miller@northline.example / a long password")
    threading.Event().wait()
