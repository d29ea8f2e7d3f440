"""The demo: a small desk with two channels, three groups, a few rules and one SLA policy, and a dozen mails in it.

Everything goes in by the doors that others use: the services' gRPC and SMTP. Loading twice changes nothing: a desk
that is there already is left alone.
"""

import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

import grpc
import yaml
from google.protobuf.json_format import ParseDict

from local import demo_mails
from local.endpoints import Endpoints
from local.run_config import ROOT
from local.sink import Sink
from relaydesk.ingest.v1 import service_pb2 as ingest
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.rules.v1 import service_pb2 as rules
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1 import service_pb2 as sla
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.tickets.v1 import accounts_pb2 as accounts
from relaydesk.tickets.v1 import service_pb2 as tickets
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from relaydesk.tickets.v1.ticket_pb2 import Ticket

MAILBOX = "support@demo.example"
PASSWORD = "relaydesk"
GROUPS = (("support", "Support"), ("payments", "Payments"), ("delivery", "Delivery"))
AGENTS = (
    ("kate", "Kate Miller", "kate@demo.example", "admin", ("support", "payments", "delivery"), "en"),
    ("rafael", "Rafael Teixeira", "rafael@demo.example", "agent", ("payments",), "pt"),
    ("maria", "Мария Соколова", "maria@demo.example", "agent", ("delivery",), "ru"),
)
_PATIENCE = 60.0


class DemoFailed(Exception):
    """The demo did not come to life within its patience; the text says what was missing."""


def load(endpoints: Endpoints) -> str:
    """Load the demo where it is not there yet; answers what a person does next."""
    desk = Desk(endpoints)
    if not desk.is_there():
        endpoints.progress("demo: groups, agents, channels, rules, SLA policy")
        desk.configure()
        endpoints.progress("demo: a dozen mails through SMTP")
        desk.send_mails()
    return next_steps(endpoints)


def next_steps(endpoints: Endpoints) -> str:
    """What to look at, and how to call it."""
    probes = endpoints.ports.probes
    return "\n".join(
        [
            "",
            f"  Console    {endpoints.console_url}   {AGENTS[0][2]} / {PASSWORD}",
            f"  Board      {endpoints.console_url}/board   the last 15 minutes",
            f"  Write to   {MAILBOX} at SMTP 127.0.0.1:{endpoints.ports.smtp}",
            f"  Post to    {endpoints.ingest_url}/v1/channels/demo-api/messages   key: relaydesk channel key demo-api",
            f"  API docs   {endpoints.ingest_url}/v1/docs",
            f"  gRPC       {endpoints.tickets_address}   token: relaydesk token create --role admin",
            f"  Python     {_python_line(endpoints)}",
            f"  Metrics    http://127.0.0.1:{min(probes.values())}/metrics … {max(probes.values())}   all: make status",
            "  Stop       Ctrl-C, or make down; forget the data: make clean-data",
            "",
        ]
    )


def _python_line(endpoints: Endpoints) -> str:
    """A call that runs as it stands in the repository's folder."""
    token_file = Path(endpoints.surroundings.internal_token_file)
    if token_file.is_relative_to(ROOT):
        token_file = token_file.relative_to(ROOT)
    return (
        '.venv/bin/python -c "import grpc; from relaydesk.tickets.v1 import service_pb2 as t, service_pb2_grpc as g; '
        f"s = g.TicketsServiceStub(grpc.insecure_channel('{endpoints.tickets_address}')); "
        f"token = open('{token_file}').read().strip(); "
        "print(s.ListTickets(t.ListTicketsRequest(), metadata=[('authorization', 'Bearer ' + token)]))\""
    )


class Desk:
    """The running system as whoever sets it up sees it."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._metadata = (("authorization", f"Bearer {endpoints.internal_token}"),)
        tickets_channel = grpc.insecure_channel(endpoints.tickets_address)
        self._tickets = TicketsServiceStub(tickets_channel)
        self._accounts = AccountsServiceStub(tickets_channel)
        self._ingest = IngestServiceStub(grpc.insecure_channel(endpoints.ingest_address))
        self._rules = RulesServiceStub(grpc.insecure_channel(endpoints.rules_address))
        self._sla = SlaServiceStub(grpc.insecure_channel(endpoints.sla_address))

    def is_there(self) -> bool:
        """The desk was loaded before, to its end: the last step is its mails."""
        return len(self._list(50)) >= demo_mails.TICKETS

    def configure(self) -> None:
        for group_id, name in GROUPS:
            self._accounts.SaveGroup(
                accounts.SaveGroupRequest(group=accounts.Group(id=group_id, name=name)),
                metadata=self._metadata,
                timeout=10,
            )
        for agent_id, name, address, role, groups, language in AGENTS:
            agent = accounts.Agent(
                id=agent_id, name=name, email=address, role=role, groups=groups, language=language
            )
            self._accounts.SaveAgent(
                accounts.SaveAgentRequest(agent=agent, password=PASSWORD), metadata=self._metadata, timeout=10
            )
        host, port = self._endpoints.sink_address
        mailbox = ingest.Channel(
            id="support",
            name=MAILBOX,
            kind="email",
            lane="email",
            settings={
                "address": MAILBOX,
                "display_name": "Demo support",
                "smtp_host": host,
                "smtp_port": str(port),
                "smtp_security": "none",
            },
        )
        api = ingest.Channel(id="demo-api", name="Demo API", kind="json", lane="api")
        known = {
            channel.id
            for channel in self._ingest.ListChannels(
                ingest.ListChannelsRequest(), metadata=self._metadata, timeout=10
            ).channels
        }
        for channel in (mailbox, api):
            if channel.id not in known:
                self._ingest.SaveChannel(
                    ingest.SaveChannelRequest(channel=channel), metadata=self._metadata, timeout=10
                )
        self._ingest.GetChannelKey(
            ingest.GetChannelKeyRequest(channel_id="demo-api"), metadata=self._metadata, timeout=10
        )
        self._configure_rules()
        self._configure_sla()

    def _configure_rules(self) -> None:
        known = {
            rule.id for rule in self._rules.ListRules(rules.ListRulesRequest(), metadata=self._metadata).rules
        }
        for spec in yaml.safe_load((Path(__file__).parent / "demo_rules.yaml").read_text()):
            if spec["id"] not in known:
                rule = ParseDict(spec, rules.Rule())
                self._rules.SaveRule(rules.SaveRuleRequest(rule=rule), metadata=self._metadata, timeout=10)

    def _configure_sla(self) -> None:
        if not any(
            c.id == "office"
            for c in self._sla.ListCalendars(
                sla.ListCalendarsRequest(), metadata=self._metadata, timeout=10
            ).calendars
        ):
            windows = [
                sla.OpenWindow(weekday=day, opens=opens, closes=closes)
                for day in range(1, 6)
                for opens, closes in (("09:00", "13:00"), ("14:00", "18:00"))
            ]
            office = sla.Calendar(
                id="office",
                name="Office hours, Lisbon",
                zone="Europe/Lisbon",
                windows=windows,
                holidays=["2026-12-25", "2027-01-01"],
            )
            self._sla.SaveCalendar(
                sla.SaveCalendarRequest(calendar=office), metadata=self._metadata, timeout=10
            )
        if not any(
            p.id == "standard"
            for p in self._sla.ListPolicies(
                sla.ListPoliciesRequest(), metadata=self._metadata, timeout=10
            ).policies
        ):
            hour = 3600
            targets = [
                sla.PolicyTarget(
                    name="first_reply",
                    priority="urgent",
                    within_seconds=hour,
                    warn_before_seconds=900,
                    time="calendar",
                ),
                sla.PolicyTarget(
                    name="first_reply", within_seconds=3 * hour, warn_before_seconds=1800, time="business"
                ),
                sla.PolicyTarget(
                    name="next_reply", within_seconds=4 * hour, warn_before_seconds=1800, time="business"
                ),
                sla.PolicyTarget(
                    name="resolution", within_seconds=24 * hour, warn_before_seconds=2 * hour, time="business"
                ),
            ]
            policy = sla.Policy(
                id="standard",
                name="Standard 3 h",
                position=10,
                calendar_id="office",
                targets=targets,
                pause_statuses=["pending"],
            )
            self._sla.SavePolicy(sla.SavePolicyRequest(policy=policy), metadata=self._metadata, timeout=10)

    def send_mails(self) -> None:
        """The mails in an order in which a real day brings them: some answer what came before."""
        first = demo_mails.first_mails(MAILBOX)
        for mail in first:
            self._send(mail)
        self._wait("the first mails to be tickets", lambda: len(self._list(50)) >= demo_mails.TICKETS)
        answered = next(t for t in self._list(50) if t.subject == demo_mails.ANSWERED_SUBJECT)
        answer = tickets.AddMessageRequest(
            idempotency_key="demo-answer",
            ticket_id=answered.id,
            text=demo_mails.ANSWER,
            visibility="public",
            status="pending",
        )
        self._tickets.AddMessage(answer, metadata=(*self._metadata, ("x-acting-agent", "kate")), timeout=10)
        sink = Sink(self._endpoints.sink_folder)

        def sent() -> str:
            found = [mail.message for mail in sink.mails() if demo_mails.ANSWER_WORDS in mail.text]
            return str(found[0]["Message-ID"]) if found else ""

        self._wait("our answer to leave by SMTP", lambda: bool(sent()))
        for mail in demo_mails.later_mails(MAILBOX, sent(), first):
            self._send(
                mail, sender="" if mail["From"] and "mailer-daemon" in str(mail["From"]).lower() else None
            )
        expected = len(first) + demo_mails.LATER

        def settled() -> bool:
            line = self._ingest.GetLedger(
                ingest.GetLedgerRequest(), metadata=self._metadata, timeout=10
            ).total
            return line.accepted >= expected and line.in_flight == 0

        self._wait("every mail to be accounted for in the ledger", settled)

    def _send(self, mail: EmailMessage, sender: str | None = None) -> None:
        if "Message-ID" not in mail:
            mail["Message-ID"] = make_msgid(domain="mail.example")
        if "Date" not in mail:
            mail["Date"] = format_datetime(demo_mails.now())
        host, port = self._endpoints.smtp_address
        with smtplib.SMTP(host, port, timeout=20) as smtp:
            address = mail["From"].addresses[0].addr_spec if sender is None else sender
            smtp.send_message(mail, from_addr=address or "<>", to_addrs=[MAILBOX])

    def _list(self, size: int) -> list[Ticket]:
        answer = self._tickets.ListTickets(
            tickets.ListTicketsRequest(page_size=size), metadata=self._metadata, timeout=10
        )
        return list(answer.tickets)

    def _wait(self, what: str, until: Callable[[], bool]) -> None:
        begun = told = time.monotonic()
        while not until():
            now = time.monotonic()
            if now - begun > _PATIENCE:
                raise DemoFailed(f"demo: waited {_PATIENCE:.0f} s for {what}; see the logs in .run/log")
            if now - told > 5:
                told = now
                self._endpoints.progress(f"demo: waiting for {what}")
            time.sleep(0.2)
