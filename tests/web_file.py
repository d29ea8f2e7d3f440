"""A web server with one file, whose answer a test may change."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class WebFile:
    """What it answers, and how often it was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body = body
        self.status = status
        self.location = ""
        self.asked = 0
        self.url = ""


@contextmanager
def served(file: WebFile) -> Iterator[WebFile]:
    """On a port of this machine."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file.asked += 1
            self.send_response(file.status)
            if file.location:
                self.send_header("Location", file.location)
            self.send_header("Content-Length", str(len(file.body)))
            self.end_headers()
            self.wfile.write(file.body)

        def log_message(self, *words: object) -> None:
            """A test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    file.url = f"http://127.0.0.1:{server.server_port}/days.ics"
    try:
        yield file
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
