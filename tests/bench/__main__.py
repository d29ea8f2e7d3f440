"""`make bench`: Relaydesk beside the bare pipe, interleaved on the same nodes in the same minutes; prints ratios.

Everything runs on loopback, on nodes and data of its own, and ends by itself. `--quick` runs a tenth of it.
"""

import argparse
import contextlib
import gc
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from bus.v1.bundle_pb2 import Bundle
from chassis.boxes import BOXES
from chassis.bus import connect, declare_queue
from local.broker_management import BrokerManagement
from local.nodes import BrokerNode, MongoNode
from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.events_pb2 import TicketOpened
from services.tickets.adapters.mongo.history import HISTORY
from services.tickets.adapters.mongo.sequence import COUNTER
from tests.bench import bare_rpc, mailboxes, pipe, reader, timers, what_if
from tests.bench.doors import Flood, PostFlood, Posting, mailer, mails, names
from tests.e2e.system import SERVICES, System

RUNS = 3
# Connections that send at once: many senders are what a flood is made of.
LINES = 64
# Mails a second that django-helpdesk reads into tickets, of this size on a machine of this class.
HELPDESK = 56


@dataclass(frozen=True)
class Ground:
    """The nodes and the system that are measured."""

    system: System
    where: pipe.Where
    key: str

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of every role, the broker and the database."""
        found = {name: pipe.cpu_of(pid) for name, pid in self.system.pids().items()}
        return {
            **found,
            "broker": pipe.cpu_of(self.where.broker_pid),
            "database": pipe.cpu_of(self.where.mongod_pid),
        }

    def memory(self) -> dict[str, float]:
        """Megabytes resident of every role."""
        return {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in self.system.pids().items()}

    def facts(self) -> int:
        """Those that have their number in the sequence, and those of the commits that wait for theirs."""
        database = self.system.database("tickets")
        waiting = database[HISTORY].aggregate(
            [
                {"$match": {"first_sequence": 0}},
                {"$group": {"_id": None, "facts": {"$sum": {"$size": "$events"}}}},
            ]
        )
        counted = database["counters"].find({"_id": COUNTER})
        return sum(int(str(row["facts"])) for row in waiting) + sum(int(str(row["last"])) for row in counted)

    def tickets(self) -> int:
        return self.system.database("tickets")["tickets"].estimated_document_count()

    def wait_done(self, tickets: int, timeout: float = 600) -> None:
        """Return once so many tickets are stored and rules, sla and reports have handled the last fact about them."""
        deadline = time.monotonic() + timeout
        calm, before = 0, -1
        while calm < 3:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.tickets()} of {tickets} tickets after {timeout:.0f} s; {self.system.what_moves()}"
                )
            time.sleep(0.05)
            facts = self.facts()
            quiet = facts == before and self.tickets() >= tickets and self._heard(facts)
            calm, before = calm + 1 if quiet else 0, facts

    def _heard(self, facts: int) -> bool:
        """sla keeps a row for every fact; of rules and reports the queues tell. They are asked first: to count sla's rows
        makes the database work, which is measured."""
        if any(name.startswith(SERVICES) for name in self.system.queues_with_messages()):
            return False
        sizes = self.system.database("sla")[BOXES].aggregate(
            [
                {"$match": {"keys": {"$exists": True}}},
                {"$group": {"_id": None, "keys": {"$sum": {"$size": "$keys"}}}},
            ]
        )
        return sum(int(str(row["keys"])) for row in sizes) >= facts


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Fresh nodes and a fresh system. The store's cache is a part of what a mongod takes for itself by default, half of the
    memory; with one that is smaller than what a run writes the run measures its eviction."""
    with BrokerNode(folder / "broker") as broker, MongoNode(folder / "mongo", cache_gb=4.0) as mongo:
        for vhost in ("bench", "pipe"):
            BrokerManagement(broker.management_url).create_vhost(vhost)
        system = System(
            folder,
            broker_url=broker.url_of("bench"),
            broker_management_url=broker.management_url,
            mongo_url=mongo.url,
            database_prefix="bench_",
            variables={"LOG_LEVEL": "warning", "TRACE_SAMPLE_RATIO": "0", "BACKLOG_LIMIT": "1000000"},
        )
        try:
            system.start().configure()
            without_receipts(system)
            where = pipe.Where(broker.url_of("pipe"), mongo.url, "bench_pipe", broker.pid, mongo.pids[0])
            yield Ground(system, where, system.channel_key())
        finally:
            system.stop()


def without_receipts(system: System) -> None:
    """Switch off the demo's rule that answers every mail: what leaves by SMTP is not what is measured."""
    rule = next(
        rule
        for rule in system.rules.ListRules(
            rules_pb2.ListRulesRequest(), metadata=system.metadata, timeout=10
        ).rules
        if rule.id == "receipt"
    )
    rule.enabled = False
    request = rules_pb2.SaveRuleRequest(rule=rule, expected_version=rule.version)
    system.rules.SaveRule(request, metadata=system.metadata, timeout=10)


def end_to_end(on: Ground, label: str, number: int, flood: Flood) -> dict[str, float]:
    """Tickets a second from the first message to the last fact handled, and CPU milliseconds a ticket by process."""
    before, stored = on.cpu(), on.tickets()
    begun = time.monotonic()
    yes = flood(names(f"{label}{int(begun) % 100000}x", number), LINES)
    on.wait_done(stored + number)
    seconds = time.monotonic() - begun
    after = on.cpu()
    parts = {name: (after[name] - before.get(name, 0.0)) * 1000 / number for name in after}
    return {
        "per_second": number / seconds,
        "yes_per_second": number / yes,
        "cpu_ms": sum(parts.values()),
        **parts,
    }


def steady(on: Ground, per_second: float, seconds: float) -> dict[str, float]:
    """p50 and p99 in milliseconds from yes to the stored ticket's event at a steady rate, and cores busy."""
    connection = connect(on.system.surroundings.broker_url)
    channel = connection.channel()
    declare_queue(channel, "bench.opened")
    channel.queue_bind("bench.opened", "relaydesk.events", f"{TicketOpened.DESCRIPTOR.full_name}.api")
    connection.close()
    watch = pipe.Watch(
        on.system.surroundings.broker_url,
        "bench.opened",
        lambda delivery: [
            TicketOpened.FromString(event.body).ticket.subject.split()[1]
            for event in Bundle.FromString(delivery.body).events
        ],
    )
    watch.start()
    sent: dict[str, float] = {}
    own = threading.local()

    def post(name: str) -> None:
        # A connection for each thread: an answer belongs to the post before it.
        if not hasattr(own, "posting"):
            own.posting = Posting(on.system.ports.ingest_http, "demo-api", on.key)
        status = own.posting.post(name)
        if not 200 <= status < 300:
            raise RuntimeError(f"{name}: HTTP {status}")
        sent[name] = time.monotonic()

    before, begun = on.cpu(), time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        waiting = []
        for number in range(int(per_second * seconds)):
            pause = begun + number / per_second - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            waiting.append(pool.submit(post, f"s{int(begun)}x{number:06d}"))
        for one in waiting:
            one.result()
    busy = time.monotonic() - begun
    after = on.cpu()
    watch.wait_for(len(sent))
    connection = connect(on.system.surroundings.broker_url)
    connection.channel().queue_delete("bench.opened")
    connection.close()
    waits = sorted(max(0.0, watch.seen[name] - moment) * 1000 for name, moment in sent.items())
    return {
        "p50_ms": statistics.median(waits),
        "p99_ms": waits[int(len(waits) * 0.99)],
        "cores": sum(after[name] - before.get(name, 0.0) for name in after) / busy,
    }


def reading(on: Ground, calls: int) -> dict[str, float]:
    """GetTicket and ListTickets a second from 16 callers, and the bare handler beside them."""
    stub, metadata = on.system.tickets, on.system.metadata
    page = stub.ListTickets(tickets_pb2.ListTicketsRequest(page_size=200), metadata=metadata, timeout=20)
    ids = [ticket.id for ticket in page.tickets]
    get = _calls(
        calls,
        lambda n: stub.GetTicket(
            tickets_pb2.GetTicketRequest(id=ids[n % len(ids)]), metadata=metadata, timeout=20
        ),
    )
    listed = _calls(
        calls // 5,
        lambda n: stub.ListTickets(
            tickets_pb2.ListTicketsRequest(page_size=50, status=["new", "open"]),
            metadata=metadata,
            timeout=20,
        ),
    )
    with bare_rpc.serving(on.where.mongo_url, f"{on.system.surroundings.database_prefix}tickets") as bare:
        alone = _calls(calls, lambda n: bare(ids[n % len(ids)]))
    return {
        "get_per_second": get[0], "get_p99_ms": get[1], "list_per_second": listed[0], "list_p99_ms": listed[1],
        "bare_per_second": alone[0], "bare_p99_ms": alone[1],
    }  # fmt: skip


def _calls(number: int, call: Callable[[int], object]) -> tuple[float, float]:
    waits: list[float] = []

    def timed(n: int) -> None:
        begun = time.monotonic()
        call(n)
        waits.append((time.monotonic() - begun) * 1000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(timed, range(200)))
        waits.clear()
        begun = time.monotonic()
        list(pool.map(timed, range(number)))
        seconds = time.monotonic() - begun
    return number / seconds, sorted(waits)[int(len(waits) * 0.99)]


def say(line: str) -> None:
    """A line at once, even into a pipe."""
    print(line, flush=True)


def say_parts(result: dict[str, float]) -> None:
    """CPU milliseconds a ticket by process, the dearest first."""
    parts = {
        name: ms
        for name, ms in result.items()
        if name not in ("per_second", "yes_per_second", "cpu_ms") and ms >= 0.005
    }
    say(
        "    "
        + ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(parts.items(), key=lambda part: -part[1]))
    )


def median(rows: list[dict[str, float]], name: str) -> float:
    return statistics.median(row[name] for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of every number, one run")
    parser.add_argument(
        "--only",
        default="",
        help="of read, timers, what-if, rate, mail, poison, latency, memory, rpc, imap; commas between",
    )
    words = parser.parse_args()
    scale, runs = (10, 1) if words.quick else (1, RUNS)
    chosen = set(filter(None, words.only.split(","))) or {
        "read",
        "timers",
        "what-if",
        "rate",
        "mail",
        "poison",
        "latency",
        "memory",
        "rpc",
        "imap",
    }
    gc.freeze()
    if not (chosen := without_ground(chosen, scale)):
        return 0
    # Whoever ends us from outside must not leave fifteen roles and two nodes behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="relaydesk-bench-") as folder, ground(Path(folder)) as on:
        bare: list[dict[str, float]] = []
        post = PostFlood(on.system.ports.ingest_http, "demo-api", on.key)
        make = mails()
        mail = mailer(on.system.ports.smtp, make)
        end_to_end(on, "warm", 500, post)
        if chosen & {"rate", "mail", "poison"}:
            ours: list[dict[str, float]] = []
            mailed: list[dict[str, float]] = []
            for run in range(runs):
                bare.append(pipe.rate(on.where, 20_000 // scale))
                say(f"pipe      {bare[-1]['per_second']:7.0f}/s  {bare[-1]['cpu_ms']:.2f} CPU-ms")
                if "rate" in chosen:
                    ours.append(end_to_end(on, f"p{run}", 20_000 // scale, post))
                    say(f"json      {ours[-1]['per_second']:7.0f}/s  {ours[-1]['cpu_ms']:.2f} CPU-ms")
                    say_parts(ours[-1])
                if "mail" in chosen:
                    mailed.append(end_to_end(on, f"m{run}", 3_000 // scale, mail))
                    say(f"mail 10KB {mailed[-1]['per_second']:7.0f}/s  {mailed[-1]['cpu_ms']:.2f} CPU-ms")
                    say_parts(mailed[-1])
            base, cpu = median(bare, "per_second"), median(bare, "cpu_ms")
            if ours:
                say(
                    f"RATIO json rate {median(ours, 'per_second') / base:.3f} of the pipe (at least 0.20, aim 0.40); "
                    f"CPU {median(ours, 'cpu_ms') / cpu:.1f} times (at most 6.5, aim 3)"
                )
            if mailed:
                say(
                    f"RATIO mail rate {median(mailed, 'per_second') / base:.3f} of the pipe (at least 0.10, aim 0.20); "
                    f"{median(mailed, 'per_second') / (5 * HELPDESK):.1f} times 5 x {HELPDESK}/s (at least 1)"
                )
        if "latency" in chosen:
            waits, bare_waits = [], []
            for _ in range(runs):
                bare_waits.append(pipe.latency(on.where, 100, 20 / scale + 2))
                waits.append(steady(on, 100, 20 / scale + 2))
                say(
                    f"100/s     pipe p50 {bare_waits[-1]['p50_ms']:.1f} p99 {bare_waits[-1]['p99_ms']:.1f} ms; "
                    f"ours p50 {waits[-1]['p50_ms']:.1f} p99 {waits[-1]['p99_ms']:.1f} ms, {waits[-1]['cores']:.2f} cores"
                )
            say(
                f"RATIO p99 from yes to stored {median(waits, 'p99_ms') / median(bare_waits, 'p99_ms'):.1f} times the pipe's "
                f"(at most 6, aim 2.5); {median(waits, 'cores'):.2f} cores (at most 1.7, aim 1)"
            )
        alone: dict[str, Callable[[], None]] = {
            "poison": lambda: say_poison(on, make, 3_000 // scale),
            "memory": lambda: say_memory(on, 100_000 // scale, post),
            "rpc": lambda: say_reading(on, 10_000 // scale),
            "imap": lambda: say_mailboxes(on, 100_000 // scale, 30 / scale + 5),
        }
        for name, measured in alone.items():
            if name in chosen:
                measured()
    return 0


def without_ground(chosen: set[str], scale: int) -> set[str]:
    """Measure what needs no system; answers what is left."""
    if "read" in chosen:
        say(reader.line(500 // scale))
    if "timers" in chosen:
        with tempfile.TemporaryDirectory(prefix="relaydesk-bench-") as folder:
            for line in timers.measure(Path(folder), timers.ARMED // scale):
                say(line)
    if "what-if" in chosen:
        with tempfile.TemporaryDirectory(prefix="relaydesk-bench-") as folder:
            for line in what_if.measure(Path(folder), what_if.TICKETS // scale):
                say(line)
    return chosen - {"read", "timers", "what-if"}


def say_poison(on: Ground, make: Callable[[str], bytes], number: int) -> None:
    """Mails with one in a hundred unreadable, beside as many good ones."""

    def poisoned(name: str) -> bytes:
        return b"\x00" * 64 + name.encode() if int(name[-6:]) % 100 == 0 else make(name)

    good = end_to_end(on, "g", number, mailer(on.system.ports.smtp, make))
    stored, begun = on.tickets(), time.monotonic()
    mailer(on.system.ports.smtp, poisoned)(names(f"b{int(begun) % 100000}x", number), LINES)
    on.wait_done(stored + number - number // 100)
    rate = (number - number // 100) / (time.monotonic() - begun)
    say(f"RATIO with 1 % poison {rate / good['per_second']:.2f} of the speed without (at least 0.90)")


def say_memory(on: Ground, number: int, post: Flood) -> None:
    """Resident memory of every role before and after so many messages."""
    end_to_end(on, "w", max(number // 10, 500), post)
    before = on.memory()
    result = end_to_end(on, "l", number, post)
    after = on.memory()
    grown = {name: after[name] - before[name] for name in after if after[name] - before[name] > 5}
    shown = ", ".join(f"{name} +{more:.0f} MB (to {after[name]:.0f})" for name, more in grown.items())
    say(
        f"memory    over {number} messages at {result['per_second']:.0f}/s: {shown or 'no role grew by more than 5 MB'}"
    )


def say_reading(on: Ground, calls: int) -> None:
    """Reads by gRPC beside the bare handler."""
    found = reading(on, calls)
    say(
        f"gRPC      GetTicket {found['get_per_second']:.0f}/s p99 {found['get_p99_ms']:.1f} ms; ListTickets(50) "
        f"{found['list_per_second']:.0f}/s p99 {found['list_p99_ms']:.1f} ms; bare find behind gRPC "
        f"{found['bare_per_second']:.0f}/s; {on.tickets()} tickets stored"
    )
    say(
        f"RATIO GetTicket {found['get_per_second'] / found['bare_per_second']:.2f} of the bare handler (at least 0.60)"
    )


def say_mailboxes(on: Ground, mails: int, idle_seconds: float) -> None:
    """Mailboxes that are fetched: fifty that are idle, and the first sync of one more."""
    for line in mailboxes.measure(on.system, mails, idle_seconds):
        say(line)


if __name__ == "__main__":
    sys.exit(main())
