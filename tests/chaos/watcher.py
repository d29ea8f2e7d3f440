"""Somebody who follows everything that happens to tickets, and comes again where the stream broke off."""

import threading

import grpc

from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from tests.chaos.generator import AGAIN_AFTER
from tests.e2e.system import System

# A stream whose server stands still says nothing: its heartbeats come every five seconds, but grpc does not tell.
_AT_MOST = 30.0


class Watcher:
    """Watches from the first fact on; a stream is never asked for what an earlier one has brought."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        # Every place in the sequence with its event, as they came.
        self.seen: list[tuple[int, str]] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(_AT_MOST + 5)

    def _run(self) -> None:
        while not self._over.is_set():
            last = self.seen[-1][0] if self.seen else 0
            request = tickets_pb2.WatchTicketsRequest(from_sequence=last, batch=True)
            try:
                for answer in self._system.tickets.WatchTickets(
                    request, metadata=self._system.metadata, timeout=_AT_MOST
                ):
                    facts = answer.batch or [answer]
                    self.seen += [(one.sequence, one.event_id) for one in facts if one.event_id]
                    if self._over.is_set():
                        return
            except grpc.RpcError:
                self._over.wait(AGAIN_AFTER)
