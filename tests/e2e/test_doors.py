"""The doors as a stranger finds them: described, watched, and true to what they say of themselves."""

import json
import re
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import grpc
import httpx
import pytest
import schemathesis
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

SERVICES = {
    "tickets": "relaydesk.tickets.v1.TicketsService",
    "rules": "relaydesk.rules.v1.RulesService",
    "sla": "relaydesk.sla.v1.SlaService",
    "reports": "relaydesk.reports.v1.ReportsService",
    "ingest": "relaydesk.ingest.v1.IngestService",
}
# What dashboards of others may be built on.
METRICS = {
    "relaydesk_ingest_messages_total",
    "relaydesk_ingest_publish_confirm_seconds",
    "relaydesk_message_to_ticket_seconds",
    "relaydesk_consumer_handle_seconds",
    "relaydesk_consumer_redeliveries_total",
    "relaydesk_dead_letters_total",
    "relaydesk_inbox_duplicates_total",
    "relaydesk_queue_messages",
    "relaydesk_queue_consumers",
    "relaydesk_queue_oldest_message_age_seconds",
    "relaydesk_queue_drain_seconds",
    "relaydesk_queue_scrape_success",
    "relaydesk_queue_scrape_last_success_timestamp_seconds",
    "relaydesk_tickets_open",
    "relaydesk_tickets_created_total",
    "relaydesk_sla_at_risk",
    "relaydesk_sla_breaches_total",
    "relaydesk_sla_timer_lag_seconds",
    "relaydesk_outbox_pending",
    "relaydesk_outbox_oldest_age_seconds",
    "relaydesk_ledger_in_flight",
    "relaydesk_ledger_in_flight_over_60s",
    "relaydesk_ledger_closed_twice",
    "relaydesk_quarantine_messages",
    "relaydesk_sends_total",
    "relaydesk_sends_waiting",
    "grpc_server_handled_total",
    "grpc_server_handling_seconds",
}


class Stranger:
    """Knows an address and a token; everything else the server tells."""

    def __init__(self, address: str, token: str, service: str) -> None:
        # Untyped: there are no stubs.
        self._channel: Any = grpc.insecure_channel(address)
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self._channel))
        self._service = pool.FindServiceByName(service)
        self._metadata = (("authorization", f"Bearer {token}"),)

    def ask(self, method: str, request: Mapping[str, object]) -> dict[str, Any]:
        """The answer with the names of the contract, empty fields too."""
        described = self._service.methods_by_name[method]
        asks = message_factory.GetMessageClass(described.input_type)
        answers = message_factory.GetMessageClass(described.output_type)
        call = self._channel.unary_unary(
            f"/{self._service.full_name}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answers.FromString,
        )
        answer = call(json_format.ParseDict(dict(request), asks()), metadata=self._metadata, timeout=60)
        return json_format.MessageToDict(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )


def test_a_stranger_with_a_token_lists_tickets_by_what_the_server_says_of_itself(system: System) -> None:
    token = relaydesk(system, "token", "create", "--role", "admin").strip()
    stranger = Stranger(system.endpoints.tickets_address, token, SERVICES["tickets"])
    subject = f"By reflection {uuid.uuid4().hex[:8]}"
    made = stranger.ask(
        "CreateTicket",
        {
            "idempotency_key": uuid.uuid4().hex,
            "subject": subject,
            "text": "text",
            "priority": "high",
            "tags": ["delivery/late"],
            "requester": {"name": "Ana", "email": "ana@ribeiro.example", "phone": "+351912345678"},
        },
    )["ticket"]
    listed = stranger.ask("ListTickets", {"requester": "ana@ribeiro.example", "page_size": 200})["tickets"]
    (ticket,) = [one for one in listed if one["id"] == made["id"]]
    assert ticket["subject"] == subject
    assert (
        ticket["requester"].items()
        >= {
            "name": "Ana",
            "email": "ana@ribeiro.example",
            "phone": "+351912345678",
        }.items()
    )
    wanted = (
        "id number subject status priority channel requester group agent tags created_at updated_at version"
    )
    assert set(wanted.split()) <= set(ticket)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_describes_itself_and_its_health(system: System, service: str) -> None:
    channel = grpc.insecure_channel(getattr(system.endpoints, f"{service}_address"))
    assert SERVICES[service] in ProtoReflectionDescriptorDatabase(channel).get_services()
    for asked in ("", SERVICES[service]):
        health = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=asked), timeout=60
        )
        assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_a_call_ends_at_its_deadline(system: System) -> None:
    request = tickets_pb2.WatchTicketsRequest(from_sequence=-1)
    with pytest.raises(grpc.RpcError) as late:
        list(system.tickets.WatchTickets(request, metadata=system.metadata, timeout=0.5))
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_json_door_keeps_to_its_own_description(system: System) -> None:
    described = httpx.get(f"{system.endpoints.ingest_url}/v1/openapi.json", timeout=60).json()
    door = schemathesis.openapi.from_dict(described)["/v1/channels/{channel_id}/messages"]["POST"]
    key = system.channel_key()
    answered: Counter[int] = Counter()

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=door.as_strategy(), is_ours=st.booleans())
    def ask(case: Any, is_ours: bool) -> None:
        if is_ours:
            case.path_parameters["channel_id"] = "demo-api"
        answer = case.call(
            base_url=system.endpoints.ingest_url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        answered[answer.status_code] += 1
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                content_type_conformance,
                response_schema_conformance,
                status_code_conformance,
            ],
        )

    ask()
    assert answered[202] > 0
    assert answered[404] > 0


def test_every_role_is_live_ready_and_measured(system: System) -> None:
    subject = f"Measured {uuid.uuid4().hex[:8]}"
    send(system, letter(subject))
    ticket_of(system, subject)
    for name, port in system.ports.probes.items():
        for word in ("livez", "readyz"):
            assert (name, httpx.get(f"http://127.0.0.1:{port}/{word}", timeout=60).text) == (name, "ok\n")

    def missing() -> set[str]:
        pages = (
            httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
            for port in system.ports.probes.values()
        )
        return METRICS - {name for page in pages for name in re.findall(r"^# TYPE (\S+) ", page, re.M)}

    wait_until(lambda: not missing(), describe=lambda: f"not measured: {missing()}")


def test_every_line_of_a_log_is_json_with_its_service_role_event_and_time(system: System) -> None:
    for name in system.ports.probes:
        service, role = name.split()
        for line in system.supervisor.log(name).read_text().splitlines():
            said = json.loads(line)
            assert (said["service"], said["role"]) == (service, role)
            assert said["event"]
            assert said["time"].endswith("Z")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("quarantine", "show", "nothing"), "no message nothing"),
        (("channel", "key", "nothing"), "nothing"),
        (("ticket", "show", "999999999"), "999999999"),
        (("peek", "nothing"), "there is no queue nothing"),
        (("dead", "list", "nobody"), "there is no queue nobody.dead"),
        (("quarantine", "retry"), "name the messages, or say --all"),
    ],
)
def test_the_command_says_no_in_one_line(system: System, words: tuple[str, ...], complaint: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env=system.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert complaint in line
