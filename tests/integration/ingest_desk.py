"""Ingest on real nodes: its channels, its sockets, its ledgers, and tickets' part played by the test."""

import smtplib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from bus.v1.bundle_pb2 import Envelope
from chassis.ids import new_id
from chassis.web import AsgiServer
from local.broker_management import BrokerManagement
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.ingest.v1 import service_pb2 as pb
from relaydesk.ingest.v1.screening_pb2_grpc import ScreeningServiceStub
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.ingest import __main__ as main
from services.ingest.adapters.smtp import MailReceiver
from services.ingest.config import Settings
from tests.integration.service_desk import ServiceDesk, common
from tests.waiting import MINUTE

MAILBOX = "support@demo.example"
OTHER = "sales@demo.example"


@dataclass
class Sockets:
    """Where a started server takes messages."""

    smtp: int
    lmtp: int
    http: str
    rpc: Any
    screening: Any
    rpc_port: int


class IngestDesk:
    """One ingest with two mailboxes and a JSON channel."""

    def __init__(
        self,
        broker_url: str,
        mongo_url: str,
        prefix: str,
        folder: Path,
        *,
        store_within: timedelta = MINUTE,
        **settings: Any,
    ) -> None:
        self.settings = Settings(
            **{
                **common(broker_url, mongo_url, prefix),
                "http_host": "127.0.0.1",
                "http_port": 0,
                "smtp_host": "127.0.0.1",
                "smtp_port": 0,
                "lmtp_port": 0,
                "secrets_folder": folder,
                # Mail servers of tests are on this machine.
                "mail_inside": ("127.0.0.0/8:*",),
                "tickets_address": "127.0.0.1:1",
                **settings,
            }
        )
        self.desk = ServiceDesk(main, "ingest", self.settings, store_within=store_within)
        self.database = self.desk.database
        self.key = ""
        self._rpc: Any = None

    def serve(self) -> Sockets:
        """Start a server and make the channels, where they are not there yet."""
        components = self.desk.role("serve")
        smtp, lmtp = (one for one in components if isinstance(one, MailReceiver))
        (http,) = (one for one in components if isinstance(one, AsgiServer))
        (server,) = (one for one in components if one.name == "rpc")
        channel = self.desk.channel(server.port)  # type: ignore[attr-defined]
        rpc = IngestServiceStub(channel)
        if not self.key:
            self.save(rpc, "support", "email", "email", address=MAILBOX, aliases="help@demo.example")
            self.save(rpc, "sales", "email", "email", address=OTHER)
            self.save(rpc, "api", "json", "api")
            self.key = rpc.GetChannelKey(pb.GetChannelKeyRequest(channel_id="api")).key
        self._rpc = rpc
        url = f"http://127.0.0.1:{http.port}"
        return Sockets(smtp.port, lmtp.port, url, rpc, ScreeningServiceStub(channel), server.port)  # type: ignore[attr-defined]

    @staticmethod
    def save(rpc: Any, channel_id: str, kind: str, lane: str, **settings: str) -> None:
        channel = pb.Channel(id=channel_id, name=channel_id, kind=kind, lane=lane, settings=settings)
        rpc.SaveChannel(pb.SaveChannelRequest(channel=channel))

    def post(self, sockets: Sockets, body: Any, channel: str = "api", **headers: Any) -> httpx.Response:
        """Post a message with the right key, unless headers say otherwise."""
        sent = {
            "Authorization": f"Bearer {self.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        url = f"{sockets.http}/v1/channels/{channel}/messages"
        if isinstance(body, bytes):
            return httpx.post(
                url, content=body, headers={"Content-Type": "application/json", **sent}, timeout=60
            )
        return httpx.post(url, json=body, headers=sent, timeout=60)

    def rows(self) -> list[dict[str, Any]]:
        """The ledger's rows, the oldest first."""
        return list(self.database["intake"].find({}).sort("_id", 1))

    def ledger(self) -> pb.LedgerLine:
        """The sum over all channels."""
        return self._rpc.GetLedger(pb.GetLedgerRequest()).total  # type: ignore[no-any-return]

    def received(self) -> list[ingest.MessageReceived]:
        """What was said to be received so far, repeats included."""
        return self.desk.heard(ingest.MessageReceived)

    def answer_as_tickets(self, *facts: tuple[Any, str, int]) -> None:
        """Say facts as tickets does: (fact, ticket id, version)."""
        envelopes = []
        for fact, ticket_id, version in facts:
            envelope = Envelope(
                event_id=f"{ticket_id}:{version}:0" if version else new_id(),
                type=fact.DESCRIPTOR.full_name,
                lane="email",
                subject=ticket_id,
                version=version,
                chain_id=new_id(),
                body=fact.SerializeToString(),
            )
            envelope.occurred_at.GetCurrentTime()
            envelopes.append(envelope)
        self.desk.publish(*envelopes)

    def stop(self) -> None:
        self.desk.stop()


@contextmanager
def ingest_on(
    broker_url: str, management_url: str, mongo_url: str, folder: Path, **settings: Any
) -> Iterator[IngestDesk]:
    """An ingest with a vhost and a database of its own, gone afterwards."""
    name, prefix = f"test-{uuid.uuid4().hex[:12]}", f"t{uuid.uuid4().hex[:10]}_"
    management = BrokerManagement(management_url)
    management.create_vhost(name)
    try:
        url = urlunsplit(urlsplit(broker_url)._replace(path=f"/{name}"))
        desk = IngestDesk(url, mongo_url, prefix, folder, **settings)
        try:
            yield desk
        finally:
            desk.database.client.drop_database(desk.database.name)
            desk.stop()
    finally:
        management.delete_vhost(name)


def post_body(text: str = "Where is my order?", **more: Any) -> dict[str, Any]:
    """A good body."""
    return {"author": {"external_id": "u-1", "name": "Anna"}, "text": text, **more}


def letter(
    message_id: str = "",
    text: str = "Where is my order?",
    to: str = MAILBOX,
    sender: str = "anna@client.example",
) -> bytes:
    """A small mail."""
    head = f"From: Anna <{sender}>\r\nTo: {MAILBOX}\r\nSubject: Order\r\n"
    if message_id:
        head += f"Message-ID: {message_id}\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def send(
    port: int, raw: bytes, *to: str, sender: str = "anna@client.example"
) -> dict[str, tuple[int, bytes]]:
    """Hand in a mail by SMTP; answers the recipients that were refused."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        return client.sendmail(sender, list(to) or [MAILBOX], raw)


def opened(intake_id: str, ticket_id: str) -> tuple[Any, str, int]:
    """A ticket began with a message."""
    return (
        tickets.TicketOpened(ticket=ticket_pb2.Ticket(id=ticket_id, version=1), intake_id=intake_id),
        ticket_id,
        1,
    )


def reply(ticket_id: str, message_id: str, *to: str, text: str = "On its way.") -> tuple[Any, str, int]:
    """An agent answered a ticket that came by mail."""
    fact = tickets.MessageAdded(
        ticket=ticket_pb2.Ticket(id=ticket_id, version=2, channel="support", lane="email"),
        message=ticket_pb2.Message(
            id=message_id,
            ticket_id=ticket_id,
            visibility="public",
            text=text,
            author=ticket_pb2.Actor(kind="agent"),
        ),
        reply=tickets.Reply(
            channel_id="support", to=list(to), subject="Re: Order", in_reply_to="<one@client.example>"
        ),
    )
    return fact, ticket_id, 2
