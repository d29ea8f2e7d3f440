"""Mailboxes that are fetched from a real Dovecot: what fifty of them cost, and whether a first sync needs ever more memory."""

import time
from collections.abc import Iterator

import grpc
import psutil

from relaydesk.ingest.v1 import channels_pb2, service_pb2
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from tests.dovecot_node import PASSWORD, DovecotNode, dovecot
from tests.e2e.system import System

_ROLE = "ingest work"
_MAILBOXES = 50


def measure(system: System, mails: int, idle_seconds: float) -> Iterator[str]:
    """Lines that say what fifty mailboxes cost while nothing comes, and what a first sync of so many mails did."""
    worker = psutil.Process(system.pids()[_ROLE])
    with dovecot() as node:
        before = worker.memory_info().rss
        idle = [f"bench-idle-{number:02}" for number in range(_MAILBOXES)]
        for name in idle:
            _connect(system, node, name)
        _wait(system, idle, 120)
        held, cpu = worker.memory_info().rss, _cpu(worker)
        time.sleep(idle_seconds)
        share = (_cpu(worker) - cpu) / idle_seconds
        yield (
            f"imap      {_MAILBOXES} mailboxes idle: {(held - before) / 1e6 / _MAILBOXES:.2f} MB and "
            f"{share * 100 / _MAILBOXES:.2f} % of a core each"
        )
        node.lay("bench-first@fetched.example", map(_mail, range(mails)))
        cpu, begun = _cpu(worker), time.monotonic()
        _connect(system, node, "bench-first")
        grown = _watch(system, worker, mails)
        seconds = time.monotonic() - begun
        state = _states(system)["bench-first"]
        yield (
            f"imap      first sync of {mails} mails at {mails / seconds:.0f}/s, "
            f"{(_cpu(worker) - cpu) * 1000 / mails:.2f} CPU-ms each; {state['waiting']} left on the server"
        )
        yield f"RATIO memory after a tenth of the first sync and at its highest: {grown:.2f} (at most 1.20)"


def _connect(system: System, node: DovecotNode, name: str) -> None:
    settings = {
        "address": f"{name}@fetched.example",
        "imap_host": "127.0.0.1",
        "imap_port": str(node.port),
        "imap_security": "none",
    }
    channel = service_pb2.Channel(id=name, name=name, kind="email", lane="email", settings=settings)
    request = channels_pb2.ApplyChannelRequest(
        channel=channel, expected_version=0, secrets={"imap_password_secret": PASSWORD}
    )
    with grpc.insecure_channel(system.endpoints.ingest_address) as connection:
        ChannelsServiceStub(connection).ApplyChannel(request, metadata=system.metadata, timeout=20)


def _watch(system: System, worker: psutil.Process, mails: int) -> float:
    """Wait for the end; how much more was resident at the highest than after the first tenth."""
    intake = system.database("ingest")["intake"]
    early = highest = 0
    deadline = time.monotonic() + 1200
    while True:
        arrived = intake.count_documents({"channel_id": "bench-first"})
        resident = worker.memory_info().rss
        if arrived >= mails // 10:
            early = early or resident
            highest = max(highest, resident)
        if arrived >= mails:
            _wait(system, ["bench-first"], 60)
            return highest / early
        if time.monotonic() > deadline:
            raise RuntimeError(f"{arrived} of {mails} mails: {_states(system)['bench-first']}")
        time.sleep(0.2)


def _wait(system: System, names: list[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        states = _states(system)
        if all(
            name in states and states[name].get("looked_at") and not states[name]["waiting"] for name in names
        ):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"not looked through: {[name for name in names if name not in states]}")
        time.sleep(0.2)


def _states(system: System) -> dict[str, dict[str, object]]:
    return {str(row["_id"]): row for row in system.database("ingest")["mailboxes"].find()}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _mail(number: int) -> bytes:
    """2 KB of an ordinary letter."""
    return (
        f"From: Anna <anna-{number % 1000}@client.example>\r\nTo: bench-first@fetched.example\r\n"
        f"Subject: Order {number}\r\nMessage-ID: <bench-{number}@client.example>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Where is my order? Thank you.\r\n" * 60
    ).encode()
