"""Tickets for other systems: what a caller who has only the contract sees."""

import re
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.error_details_pb2 import BadRequest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from relaydesk.tickets.v1 import accounts_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub
from relaydesk.tickets.v1.ticket_pb2 import Requester, Ticket
from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.relaydesk import relaydesk
from tests.e2e.system import System
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
Metadata = tuple[tuple[str, str], ...]


def token_of(system: System, role: str, agent_id: str = "") -> Metadata:
    request = accounts_pb2.CreateTokenRequest(role=role, name=f"test {role}", agent_id=agent_id)
    token = system.accounts.CreateToken(request, metadata=system.metadata, timeout=60).token
    return (("authorization", f"Bearer {token}"),)


def created(system: System, metadata: Metadata, subject: str, key: str = "") -> Ticket:
    request = tickets_pb2.CreateTicketRequest(
        idempotency_key=key or uuid.uuid4().hex,
        subject=subject,
        text="text",
        requester=Requester(name="Ana", email="ana@ribeiro.example"),
    )
    return system.tickets.CreateTicket(request, metadata=metadata, timeout=60).ticket


def violations(error: grpc.RpcError) -> dict[str, str]:
    """Field and description of what a google.rpc.BadRequest names."""
    status = rpc_status.from_call(error)
    found: dict[str, str] = {}
    for detail in status.details if status else ():
        bad = BadRequest()
        if detail.Unpack(bad):
            found.update({one.field: one.description for one in bad.field_violations})
    return found


def test_the_server_describes_itself_and_its_health(system: System) -> None:
    channel = grpc.insecure_channel(system.endpoints.tickets_address)
    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert {"relaydesk.tickets.v1.TicketsService", "relaydesk.tickets.v1.AccountsService"} <= set(services)
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_a_repeated_create_answers_the_first_ticket(system: System) -> None:
    admin, key = token_of(system, "admin"), uuid.uuid4().hex
    first = created(system, admin, "Once", key)
    assert created(system, admin, "Once", key) == first
    with pytest.raises(grpc.RpcError) as refused:
        created(system, admin, "Something else", key)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_field_that_is_wrong_is_named(system: System) -> None:
    admin = token_of(system, "admin")
    with pytest.raises(grpc.RpcError) as refused:
        system.tickets.CreateTicket(
            tickets_pb2.CreateTicketRequest(subject="x" * 300, text="t", priority="highest"),
            metadata=admin,
            timeout=60,
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    named = violations(refused.value)
    assert "subject" in named
    assert "low" in named["priority"]


def test_an_update_of_a_ticket_that_moved_on_is_aborted(system: System) -> None:
    admin = token_of(system, "admin")
    ticket = created(system, admin, "Contended")

    def update(priority: str, version: int) -> Ticket:
        request = tickets_pb2.UpdateTicketRequest(
            idempotency_key=uuid.uuid4().hex,
            ticket=Ticket(id=ticket.id, priority=priority),
            update_mask=FieldMask(paths=["priority"]),
            expected_version=version,
        )
        return system.tickets.UpdateTicket(request, metadata=admin, timeout=60).ticket

    # The rules of the demo may touch a new ticket too.
    system.wait_quiet()
    now = system.tickets.GetTicket(
        tickets_pb2.GetTicketRequest(id=ticket.id), metadata=admin, timeout=60
    ).ticket
    assert update("high", now.version).priority == "high"
    with pytest.raises(grpc.RpcError) as refused:
        update("urgent", now.version)
    assert refused.value.code() is grpc.StatusCode.ABORTED


def test_a_role_may_do_what_it_may(system: System) -> None:
    reader = token_of(system, "read_only")
    answer = system.tickets.ListTickets(
        tickets_pb2.ListTicketsRequest(page_size=1), metadata=reader, timeout=60
    )
    assert len(answer.tickets) <= 1
    with pytest.raises(grpc.RpcError) as refused:
        created(system, reader, "Not allowed")
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    agent = token_of(system, "agent", "kate")
    with pytest.raises(grpc.RpcError) as refused:
        system.accounts.CreateToken(accounts_pb2.CreateTokenRequest(role="admin"), metadata=agent, timeout=60)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_every_page_is_read_once_while_tickets_arrive(system: System) -> None:
    admin = token_of(system, "admin")
    tag = f"paged-{uuid.uuid4().hex[:8]}"

    def tagged(number: int) -> None:
        request = tickets_pb2.CreateTicketRequest(
            subject=f"{tag} {number}", text="t", tags=[tag], requester=Requester(email="ana@ribeiro.example")
        )
        system.tickets.CreateTicket(request, metadata=admin, timeout=60)

    for number in range(25):
        tagged(number)
    seen: list[str] = []
    page = ""
    while True:
        request = tickets_pb2.ListTicketsRequest(page_size=10, page_token=page, tag=[tag])
        answer = system.tickets.ListTickets(request, metadata=admin, timeout=60)
        seen += [ticket.subject for ticket in answer.tickets]
        tagged(100 + len(seen))
        page = answer.next_page_token
        if not page:
            break
    assert len(seen) == len(set(seen))
    assert {f"{tag} {number}" for number in range(25)} <= set(seen)


def test_a_watch_resumes_without_a_gap_and_without_a_double(system: System) -> None:
    admin = token_of(system, "admin")
    start = system.tickets.WatchTickets(tickets_pb2.WatchTicketsRequest(from_sequence=-1), metadata=admin)
    first = next(iter(start)).sequence
    start.cancel()
    wanted = [created(system, admin, f"watched {number}").id for number in range(12)]
    seen: list[tuple[int, str]] = []

    def watch(from_sequence: int, until: int) -> None:
        stream = system.tickets.WatchTickets(
            tickets_pb2.WatchTicketsRequest(from_sequence=from_sequence), metadata=admin, timeout=60
        )
        for step in stream:
            if step.WhichOneof("fact") != "heartbeat":
                seen.append((step.sequence, step.event_id))
            if sum(event.endswith(":1:0") and event.split(":")[0] in wanted for _, event in seen) >= until:
                stream.cancel()
                return

    watch(first, 5)
    watch(seen[-1][0], 12)
    sequences = [sequence for sequence, _ in seen]
    assert sequences == list(range(first + 1, first + 1 + len(sequences)))
    assert len({event for _, event in seen}) == len(seen)


def test_forty_watchers_do_not_stop_the_api(system: System) -> None:
    admin = token_of(system, "admin")
    channel = grpc.insecure_channel(system.endpoints.tickets_address)
    stub = TicketsServiceStub(channel)
    streams = [
        stub.WatchTickets(tickets_pb2.WatchTicketsRequest(from_sequence=-1), metadata=admin, timeout=60)
        for _ in range(40)
    ]
    readers = [
        threading.Thread(target=lambda stream=stream: next(iter(stream), None), daemon=True)
        for stream in streams
    ]
    for reader in readers:
        reader.start()
    wait_until(lambda: created(system, admin, "still open"), describe="a ticket beside forty watchers")
    for stream in streams:
        stream.cancel()


def test_the_example_of_the_readme_runs_as_it_stands(system: System) -> None:
    block = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[0]
    here = block.replace("127.0.0.1:50051", system.endpoints.tickets_address).replace(
        '".venv/bin/relaydesk"', f'{sys.executable!r}, "-m", "cli"'
    )
    ran = subprocess.run(
        [sys.executable, "-c", here],
        env={**system.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Where is my order 1234?" in ran.stdout


def test_the_command_line_prints_what_it_is_asked_for(system: System) -> None:
    assert re.fullmatch(r"\S+\n", relaydesk(system, "token", "create", "--role", "admin"))
    assert relaydesk(system, "channel", "key", "demo-api").strip() == system.channel_key()
    mail = letter(f"Listed {uuid.uuid4().hex[:8]}")
    send(system, mail)
    ticket_of(system, str(mail["Subject"]))
    assert str(mail["Subject"]) in relaydesk(system, "ticket", "list")
    assert "ACCEPTED" in relaydesk(system, "ledger")
    relaydesk(system, "quarantine", "list")
    assert "tickets.dead is empty" in relaydesk(system, "peek", "tickets.dead")
