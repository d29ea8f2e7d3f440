"""All remote mailboxes that this process holds: a lease and a thread for each."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from chassis.clock import monotonic
from chassis.errors import TooBusy, Unavailable
from chassis.ids import new_id
from chassis.leases import Lease, Leases
from services.ingest.adapters.imap.client import Trouble
from services.ingest.adapters.imap.session import Session
from services.ingest.adapters.imap.visit import Place, Visitor
from services.ingest.adapters.mongo.mailboxes import Overtaken
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.fetching import RemoteMailbox

# Bytes of mail in hand in one process, whatever the number of its mailboxes.
IN_HAND: Final = 64 * 1024 * 1024
_TURN = 0.5
# A mailbox that another process has is asked for again.
_ASK_EVERY = 3.0
_LEASE = timedelta(seconds=20)
# A server that is away, or refuses, is asked again after at most so many seconds: some lock an account that fails often.
_LONGEST_PAUSE = 120.0


# A server that has news without end is not looked at without a pause.
_BETWEEN_LOOKS: Final = 1.0


class Pauses:
    """Seconds between attempts, growing while nothing comes of them."""

    def __init__(self) -> None:
        self._next = 1.0

    def after(self, lasted: float, *, has_moved: bool) -> float:
        """How long to wait after an attempt of so many seconds; mail may have moved in it."""
        # A connection that stood long was a good one, also where no mail came: many servers end each after a while.
        if has_moved or lasted > _LONGEST_PAUSE:
            self._next = 1.0
        seconds, self._next = self._next, min(self._next * 2, _LONGEST_PAUSE)
        return seconds


class MailboxThread:
    """Reads one mailbox until it is told to end or its lease is gone."""

    def __init__(
        self, channel: Channel, live: LiveChannel, remote: RemoteMailbox, place: Place, lease: Lease
    ) -> None:
        self.channel = channel
        self.lease = lease
        self._remote = remote
        self._place = place
        self._visitor = Visitor(channel, live, remote, place, lambda: self.lease)
        self._session: Session | None = None
        self._ends = threading.Event()
        self._log = structlog.get_logger(__name__)
        self._thread = threading.Thread(target=self._run, name=f"mailbox-{channel.channel_id}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        """Begin to end: after the mails in hand."""
        self._ends.set()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(max(0.0, seconds))

    def cut(self) -> None:
        """Break off whatever the server is doing."""
        session = self._session
        if session is not None:
            session.cut()

    def _is_over(self) -> bool:
        return self._ends.is_set() or not self.lease.is_held

    def _pause(self, seconds: float) -> bool:
        """Wait; whether it is over."""
        ends = monotonic() + seconds
        while not self._is_over() and (left := ends - monotonic()) > 0:
            self._ends.wait(min(left, 1.0))
        return self._is_over()

    def _run(self) -> None:
        pauses, steps = Pauses(), 0
        while not self._is_over():
            begun = monotonic()
            try:
                self._visit()
                return
            except Overtaken:
                return
            except Trouble as trouble:
                words = str(trouble)
                self._log.warning("mailbox_waits", channel=self.channel.channel_id, trouble=words)
            except TooBusy as busy:
                words = str(busy)
            except Unavailable as away:
                words = ""
                self._log.warning("mailbox_waits", channel=self.channel.channel_id, away=str(away))
            except Exception:  # noqa: BLE001 - a mailbox outlives one bad visit
                words = "an error of our own; the log has it"
                self._log.exception("mailbox_failed", channel=self.channel.channel_id)
            if words and not self._say(words):
                return
            has_moved, steps = self._visitor.steps != steps, self._visitor.steps
            self._pause(pauses.after(monotonic() - begun, has_moved=has_moved))

    def _visit(self) -> None:
        """One connection, from signing in until it breaks or it is over."""
        session = Session(self._remote)
        self._session = session
        try:
            self._visitor.begin(session)
            while not self._is_over():
                self._visitor.look(session, self._is_over)
                looked_at = monotonic()
                session.wait(self._pause)
                self._pause(looked_at + _BETWEEN_LOOKS - monotonic())
        finally:
            self._session = None
            session.close()

    def _say(self, words: str) -> bool:
        """Note why nothing is fetched now; whether the mailbox is still ours."""
        try:
            self._place.mailboxes.note(self.channel.channel_id, self.lease, words)
        except Overtaken:
            return False
        except Unavailable:
            return True
        return True


class MailFetcher:
    """Holds as many mailboxes as it gets, renews their leases, and follows their settings."""

    name = "mail-fetcher"

    def __init__(
        self,
        place: Place,
        leases: Leases,
        takes: Callable[[Channel], bool],
        lasting: timedelta = _LEASE,
    ) -> None:
        self._place = place
        self._leases = leases
        self._takes = takes
        self._lasting = lasting
        self._owner = new_id()
        # Changed by the loop, and by whoever stops while the loop still waits for the store.
        self._lock = threading.Lock()
        self._held: dict[str, MailboxThread] = {}
        self._asked: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger(__name__)
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to ask for mailboxes."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def held(self) -> frozenset[str]:
        """Channels whose mail this process fetches now."""
        with self._lock:
            return frozenset(self._held)

    def stop(self, grace: timedelta) -> None:
        """End after the mails in hand and give the mailboxes back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())
        with self._lock:
            all_held = list(self._held.values())
            self._held.clear()
        ends = monotonic() + grace.total_seconds()
        for held in all_held:
            held.end()
        for held in all_held:
            held.join(ends - 1 - monotonic())
            held.cut()
        for held in all_held:
            held.join(ends - monotonic())
            if not held.is_alive:
                self._give_back(held)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.heartbeat()
            try:
                self._turn()
            except Unavailable as away:
                # Leases run out by themselves, and every thread stops at its own.
                self._log.warning("fetcher_waits", away=str(away))
            self._stop.wait(_TURN)

    def _turn(self) -> None:
        directory = self._place.edge.directory
        wanted: dict[str, tuple[Channel, LiveChannel, RemoteMailbox]] = {}
        for channel in directory.all():
            found = directory.find(channel.channel_id)
            if found is None or found[1].remote is None or channel.is_paused or not self._takes(channel):
                continue
            wanted[channel.channel_id] = (found[0], found[1], found[1].remote)
        with self._lock:
            holds = list(self._held.items())
        for name, held in holds:
            if name not in wanted or wanted[name][0].version != held.channel.version:
                held.end()
            if not held.is_alive:
                with self._lock:
                    self._held.pop(name, None)
                self._give_back(held)
            else:
                self._renew(held)
        for name, (channel, live, remote) in wanted.items():
            if name not in self._held:
                self._ask(channel, live, remote)

    def _renew(self, held: MailboxThread) -> None:
        if held.lease.until - monotonic() > self._lasting.total_seconds() / 2:
            return
        lease = self._leases.take(held.lease.name, self._owner, self._lasting)
        if lease is None or lease.fence != held.lease.fence:
            held.end()
        else:
            held.lease = lease

    def _ask(self, channel: Channel, live: LiveChannel, remote: RemoteMailbox) -> None:
        name = channel.channel_id
        if monotonic() - self._asked.get(name, -1e9) < _ASK_EVERY:
            return
        self._asked[name] = monotonic()
        lease = self._leases.take(f"mailbox:{name}", self._owner, self._lasting)
        if lease is None:
            return
        with self._lock:
            if not self._stop.is_set():
                self._held[name] = MailboxThread(channel, live, remote, self._place, lease)
                return
        self._leases.give_back(lease)

    def _give_back(self, held: MailboxThread) -> None:
        self._asked.pop(held.channel.channel_id, None)
        try:
            self._leases.give_back(held.lease)
        except Unavailable:
            # It runs out by itself.
            return
