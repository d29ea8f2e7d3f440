"""How people reach the system: by SMTP, by the JSON channel, and agents by gRPC. A door that says no ends the simulation."""

import json
import smtplib
import urllib.request
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from local.demo import AGENTS, MAILBOX, PASSWORD
from local.demo_mails import bounce_of
from local.endpoints import Endpoints
from local.simulation.roster import ROSTER
from local.simulation.season import API, SHOP, SUPPORT
from relaydesk.ingest.v1 import service_pb2 as ingest
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.tickets.v1 import accounts_pb2 as accounts
from relaydesk.tickets.v1 import service_pb2 as tickets
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from relaydesk.tickets.v1.ticket_pb2 import Message, Ticket

MAILBOXES = {SUPPORT: MAILBOX, SHOP: "shop@demo.example"}
SPAM_HEADER = ("X-Spam-Flag", "YES")
# A machine may stop for a while; nobody here is in a hurry.
_PATIENCE = 60
# Python's folding loses a space where it cuts words that are encoded.
_UNFOLDED = SMTP.clone(max_line_length=900)


class Doors:
    """One system, as seen from outside."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self.metadata = (("authorization", f"Bearer {endpoints.internal_token}"),)
        channel = grpc.insecure_channel(endpoints.tickets_address)
        self._tickets = TicketsServiceStub(channel)
        self._accounts = AccountsServiceStub(channel)
        self._ingest = IngestServiceStub(grpc.insecure_channel(endpoints.ingest_address))
        self._key = ""

    def open(self) -> None:
        """The demo's desk has no more than three agents and one mailbox; a month needs more."""
        known = {agent[0] for agent in AGENTS}
        for shift in ROSTER:
            if shift.agent_id in known:
                continue
            agent = accounts.Agent(
                id=shift.agent_id,
                name=shift.name,
                email=f"{shift.agent_id}@demo.example",
                role="agent",
                groups=shift.groups,
                language=shift.language,
            )
            self._accounts.SaveAgent(
                accounts.SaveAgentRequest(agent=agent, password=PASSWORD),
                metadata=self.metadata,
                timeout=_PATIENCE,
            )
        known_channels = self._ingest.ListChannels(
            ingest.ListChannelsRequest(), metadata=self.metadata, timeout=_PATIENCE
        ).channels
        by_id = {channel.id: channel for channel in known_channels}
        for channel_id, address in MAILBOXES.items():
            channel = by_id.get(channel_id) or ingest.Channel(kind="email", lane="email")
            channel.settings.update(by_id[SUPPORT].settings)
            channel.settings.update(
                address=address, display_name="Demo shop" if channel_id == SHOP else "Demo support"
            )
            channel.settings["spam_list"] = ": ".join(SPAM_HEADER)
            channel.id, channel.name = channel_id, address
            self._ingest.SaveChannel(
                ingest.SaveChannelRequest(channel=channel, expected_version=channel.version),
                metadata=self.metadata,
                timeout=_PATIENCE,
            )
        self._key = self._ingest.GetChannelKey(
            ingest.GetChannelKeyRequest(channel_id=API), metadata=self.metadata, timeout=_PATIENCE
        ).key

    # ----------------------------------------------------------------------------------------------------- requesters

    def mail(
        self,
        channel: str,
        message_id: str,
        written_at: datetime,
        sender: tuple[str, str],
        subject: str,
        text: str,
        *,
        answers: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """A mail to one of the mailboxes."""
        mail = EmailMessage(policy=_UNFOLDED)
        name, address = sender
        mail["From"] = f"{name} <{address}>"
        mail["To"] = MAILBOXES[channel]
        mail["Subject"] = subject
        mail["Message-ID"] = message_id
        mail["Date"] = format_datetime(written_at)
        if answers:
            mail["In-Reply-To"] = mail["References"] = answers
        for header, value in headers:
            mail[header] = value
        mail.set_content(text)
        self._hand_in(mail, address, MAILBOXES[channel])

    def bounce(self, channel: str, our_message_id: str, address: str) -> str:
        """The server of a requester could not deliver our mail; answers the notice's Message-ID."""
        notice = bounce_of(our_message_id, MAILBOXES[channel], address=address)
        self._hand_in(notice, "", MAILBOXES[channel])
        return str(notice["Message-ID"])

    def _hand_in(self, mail: EmailMessage, sender: str, mailbox: str) -> None:
        host, port = self._endpoints.smtp_address
        with smtplib.SMTP(host, port, timeout=_PATIENCE) as smtp:
            smtp.send_message(mail, from_addr=sender or "<>", to_addrs=[mailbox])

    def post(
        self, message_id: str, conversation: str, sender: tuple[str, str], subject: str, text: str
    ) -> None:
        """A message by the JSON channel."""
        name, address = sender
        body = {
            "client_message_id": message_id,
            "conversation_id": conversation,
            "author": {"external_id": address.partition("@")[0], "name": name, "email": address},
            "subject": subject,
            "text": text,
        }
        request = urllib.request.Request(
            f"{self._endpoints.ingest_url}/v1/channels/{API}/messages",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            answer.read()

    # --------------------------------------------------------------------------------------------------------- agents

    def opened(self, since: datetime, until: datetime) -> list[Ticket]:
        """Tickets opened from one moment to another, both included."""
        request = tickets.ListTicketsRequest(page_size=200)
        request.created_after.FromDatetime(since - timedelta(milliseconds=1))
        request.created_before.FromDatetime(until + timedelta(milliseconds=1))
        return self.listed(request)

    def listed(self, request: tickets.ListTicketsRequest) -> list[Ticket]:
        """Every page of a list."""
        found: list[Ticket] = []
        while True:
            answer = self._tickets.ListTickets(request, metadata=self.metadata, timeout=_PATIENCE)
            found += answer.tickets
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    def messages(self, ticket_id: str) -> list[Message]:
        request = tickets.ListMessagesRequest(ticket_id=ticket_id)
        return list(self._tickets.ListMessages(request, metadata=self.metadata, timeout=_PATIENCE).messages)

    def take(self, agent_id: str, ticket_id: str, key: str) -> None:
        """An agent makes a ticket theirs."""
        self._update(agent_id, Ticket(id=ticket_id, agent=agent_id), "agent", key)

    def solve(self, agent_id: str, ticket_id: str, key: str) -> None:
        """An agent solves a ticket without a word."""
        self._update(agent_id, Ticket(id=ticket_id, status="solved"), "status", key)

    def _update(self, agent_id: str, ticket: Ticket, field: str, key: str) -> None:
        request = tickets.UpdateTicketRequest(
            idempotency_key=key, ticket=ticket, update_mask=FieldMask(paths=[field])
        )
        self._tickets.UpdateTicket(request, metadata=self._acting(agent_id), timeout=_PATIENCE)

    def say(self, agent_id: str, ticket_id: str, key: str, text: str, *, status: str = "") -> None:
        """An agent answers."""
        self._add(agent_id, ticket_id, key, text, "public", status)

    def note(self, agent_id: str, ticket_id: str, key: str, text: str) -> None:
        """An agent notes what only colleagues see."""
        self._add(agent_id, ticket_id, key, text, "internal", "")

    def _add(self, agent_id: str, ticket_id: str, key: str, text: str, visibility: str, status: str) -> None:
        request = tickets.AddMessageRequest(
            idempotency_key=key, ticket_id=ticket_id, text=text, visibility=visibility, status=status
        )
        self._tickets.AddMessage(request, metadata=self._acting(agent_id), timeout=_PATIENCE)

    def _acting(self, agent_id: str) -> tuple[tuple[str, str], ...]:
        return (*self.metadata, ("x-acting-agent", agent_id))
