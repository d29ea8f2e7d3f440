"""The end of the road for outgoing mail on one machine: an SMTP server that keeps what it gets and sends nothing on.

Each mail is a file in SINK_FOLDER; `GET /mails` lists them as JSON for the console's outgoing page.
"""

import email
import email.policy
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from chassis.config import load
from chassis.ids import new_id
from chassis.run import run
from chassis.telemetry.logs import configure_logs

_LISTED = 200


@dataclass(frozen=True)
class SinkConfig:
    smtp_port: int
    sink_folder: Path
    # 0 keeps the list to itself.
    http_port: int = 0


@dataclass(frozen=True)
class SunkMail:
    """One mail as it arrived."""

    mail_id: str
    received_at: datetime
    message: EmailMessage
    raw: bytes

    @property
    def text(self) -> str:
        """Its plain text, or nothing."""
        part = self.message.get_body(preferencelist=("plain",))
        return str(part.get_content()) if part is not None else ""


class Sink:
    """A folder of mails, oldest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, raw: bytes) -> None:
        """Write one mail whole or not at all."""
        name = new_id()
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(raw)
        unfinished.rename(self._folder / f"{name}.eml")

    def mails(self) -> Iterator[SunkMail]:
        """Every mail kept."""
        for path in sorted(self._folder.glob("*.eml")):
            raw = path.read_bytes()
            message = email.message_from_bytes(raw, policy=email.policy.default)
            arrived = datetime.fromtimestamp(int(path.stem[:12], 16) / 1000, UTC)
            yield SunkMail(path.stem, arrived, message, raw)


class SinkServer:
    """SMTP in, JSON out."""

    name = "mail sink"

    def __init__(self, config: SinkConfig) -> None:
        self._sink = Sink(config.sink_folder)
        self._controller = Controller(self, hostname="127.0.0.1", port=config.smtp_port)
        self._web = (
            ThreadingHTTPServer(("127.0.0.1", config.http_port), _pages(self._sink))
            if config.http_port
            else None
        )

    def start(self) -> None:
        self._controller.start()
        if self._web is not None:
            threading.Thread(target=self._web.serve_forever, name="sink-list", daemon=True).start()

    def stop(self, grace: timedelta) -> None:
        self._controller.stop()
        if self._web is not None:
            self._web.shutdown()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self._sink.keep(envelope.original_content or b"")
        return "250 kept"


def _pages(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/mails":
                self.send_error(404)
                return
            mails = list(sink.mails())[-_LISTED:]
            body = json.dumps([_listed(mail) for mail in reversed(mails)], ensure_ascii=False).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing: the console asks every few seconds."""

    return Pages


def _listed(mail: SunkMail) -> dict[str, str]:
    message = mail.message
    return {
        "id": mail.mail_id,
        "from": str(message.get("From", "")),
        "to": str(message.get("To", "")),
        "subject": str(message.get("Subject", "")),
        "received_at": mail.received_at.isoformat(timespec="milliseconds"),
        "text": mail.text[:4000],
    }


if __name__ == "__main__":
    configure_logs({"service": "mail sink"}, "info", sys.stdout.buffer)
    raise SystemExit(run([SinkServer(load(SinkConfig))]))
