"""Looking at one remote mailbox again and again: from what is there to what is kept, and how far that is."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from chassis.clock import Clock
from chassis.errors import TooBusy, Unavailable
from chassis.leases import Lease
from chassis.telemetry import tracing
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.imap.budget import Budget
from services.ingest.adapters.imap.client import Broken, NoAnswer
from services.ingest.adapters.imap.session import Session
from services.ingest.adapters.mongo.mailboxes import MongoMailboxes, Overtaken
from services.ingest.application.accept_message import Arrival
from services.ingest.application.ports import LiveChannel
from services.ingest.domain.channel import Channel
from services.ingest.domain.fetching import Chunk, Cursor, Passed, Passing, RemoteMailbox, chunks, pass_by
from services.ingest.domain.intake import Envelope

# Fetched with one command; a larger mail comes alone, and out of the bytes for large ones.
CHUNK_BYTES = 2 * 1024 * 1024
# UIDs whose sizes are asked for together where nothing speaks against it.
_GROUP = 200
# Mails at which the server failed and that are tried again in one look.
_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Place:
    """What a visitor stands on."""

    edge: Edge
    mailboxes: MongoMailboxes
    clock: Clock
    budget: Budget


class Visitor:
    """Remembers from one connection to the next what a mailbox's mails did to the last one.

    The order of everything is: kept durably, then flagged or moved, then the cursor. Whoever dies between two of these
    does the earlier again, which the ledger's key makes harmless.
    """

    def __init__(
        self,
        channel: Channel,
        live: LiveChannel,
        remote: RemoteMailbox,
        place: Place,
        lease: Callable[[], Lease],
    ) -> None:
        self._channel = channel
        self._live = live
        self._remote = remote
        self._place = place
        self._lease = lease
        self._cursor = Cursor()
        self._passed: dict[int, Passed] = {}
        # A connection broke while one of these was asked for: they are asked for alone.
        self._suspects: set[int] = set()
        # The one that was asked for alone when it broke, and the words of it. Charged only once the server is back, so that
        # a server that is away is no mail's fault.
        self._accused: tuple[int, int, str] | None = None
        # UIDs whose sizes are asked for together.
        self._group = _GROUP
        # Grows with everything that is done for good.
        self.steps = 0
        # Why what is kept was not flagged or moved.
        self._unmoved = ""

    def begin(self, session: Session) -> None:
        """First thing on a new connection. Raises Unavailable, Overtaken."""
        name, mailboxes = self._channel.channel_id, self._place.mailboxes
        known = mailboxes.cursor(name)
        cursor = known.at(self._remote.source, session.validity)
        if (cursor.source, cursor.validity) != (self._cursor.source, self._cursor.validity):
            # What this process knows of UIDs is of another folder.
            self._suspects.clear()
            self._accused = None
        self._cursor = cursor
        if cursor != known:
            mailboxes.advance(name, cursor, self._lease())
        self._passed = mailboxes.passed(name, cursor, self._lease())

    def look(self, session: Session, is_over: Callable[[], bool]) -> None:
        """Fetch what is there.

        Raises Trouble, TooBusy, Unavailable, Overtaken.
        """
        self._unmoved = ""
        self._forget_the_gone(session)
        self._charge(session)
        uids = session.uids_after(self._cursor.uid)
        while uids:
            # Of a long row a person sees how it becomes shorter.
            self._note(len(uids), is_whole=False)
            group = uids[: self._group]
            sizes = self._sizes(session, [uid for uid in group if uid not in self._passed])
            known = [(uid, sizes.get(uid, 0)) for uid in group]
            # What has no size is asked for alone: it may have gone, or be trouble.
            alone = frozenset(self._suspects | {uid for uid in group if uid not in sizes})
            for chunk in chunks(known, alone, CHUNK_BYTES):
                if is_over():
                    return
                self._take(session, chunk)
            uids = uids[len(group) :]
            self._group = min(_GROUP, self._group * 2)
        self._try_again(session, is_over)
        self._note(0, is_whole=True)

    def _sizes(self, session: Session, uids: Sequence[int]) -> dict[int, int]:
        if not uids:
            return {}
        try:
            return session.sizes(uids)
        except (Broken, NoAnswer) as failed:
            # One of them may be what the server stumbles over: fewer are asked for next time.
            self._group = max(1, len(uids) // 8)
            if len(uids) == 1:
                self._accused = (uids[0], 0, str(failed))
            raise

    def _note(self, unseen: int, *, is_whole: bool) -> None:
        waiting = unseen + len([uid for uid in self._passed if uid <= self._cursor.uid])
        self._place.mailboxes.note(
            self._channel.channel_id, self._lease(), self._unmoved, waiting, is_whole=is_whole
        )

    # ------------------------------------------------------------------------------------------------------ fetching

    def _take(self, session: Session, chunk: Chunk) -> None:
        wanted = [uid for uid in chunk.uids if uid not in self._passed]
        if len(chunk.uids) == 1 and chunk.size > self._live.size_limit:
            self._pass_too_large(wanted, chunk.size)
            wanted = []
        if wanted:
            self._place.edge.check(self._channel.lane)
            missing = set(wanted) - self._fetch(session, wanted, chunk.size)
            for uid in sorted(missing & session.existing(sorted(missing))):
                if len(wanted) > 1:
                    self._fetch_alone(session, uid, 0)
                else:
                    self._pass(uid, Passing.NO_CONTENT, "the server shows nothing of it", chunk.size)
        self._cursor = Cursor(self._cursor.source, self._cursor.validity, chunk.uids[-1])
        self._place.mailboxes.advance(self._channel.channel_id, self._cursor, self._lease())
        self._suspects.difference_update(chunk.uids)
        self.steps += 1

    def _fetch_alone(self, session: Session, uid: int, size: int) -> None:
        if not self._fetch(session, [uid], size) and session.existing([uid]):
            self._pass(uid, Passing.NO_CONTENT, "the server shows nothing of it", size)

    def _fetch(self, session: Session, uids: Sequence[int], size: int) -> set[int]:
        """Fetch and keep; answers what is settled: kept or passed by."""
        # A server that lies is held to the largest mail we take.
        size = size or self._live.size_limit
        with self._place.budget.spending(size):
            try:
                mails = session.mails(uids, size)
            except NoAnswer as refused:
                if len(uids) > 1:
                    return self._one_by_one(session, uids)
                self._pass(uids[0], Passing.NOT_FETCHED, str(refused), size)
                return set(uids)
            except Broken as broken:
                self._suspects.update(uids)
                if len(uids) == 1:
                    self._accused = (uids[0], size, str(broken))
                raise
            return self._keep(session, mails)

    def _one_by_one(self, session: Session, uids: Sequence[int]) -> set[int]:
        for uid in uids:
            self._fetch_alone(session, uid, 0)
        return set(uids)

    def _keep(self, session: Session, mails: dict[int, bytes]) -> set[int]:
        settled = set(mails)
        for uid in [uid for uid, raw in mails.items() if len(raw) > self._live.size_limit]:
            self._pass_too_large([uid], len(mails.pop(uid)))
        try:
            self._commit(list(mails.values()))
        except (Unavailable, TooBusy):
            raise
        except Exception as failure:  # noqa: BLE001 - one mail that cannot be kept must not hold up all that follow
            for uid, raw in list(mails.items()):
                if len(settled) == 1 or not self._kept_alone(raw):
                    self._pass(uid, Passing.NOT_KEPT, f"{type(failure).__name__}: {failure}", len(raw))
                    del mails[uid]
        self._settle(session, sorted(mails))
        return settled

    def _kept_alone(self, raw: bytes) -> bool:
        try:
            self._commit([raw])
        except (Unavailable, TooBusy):
            raise
        except Exception:  # noqa: BLE001 - the same
            return False
        return True

    def _commit(self, raws: Sequence[bytes]) -> None:
        if not raws:
            return
        edge = self._place.edge
        with tracing.start_trace("fetch mail", SpanKind.CLIENT) as span:
            envelope = Envelope(None, self._remote.address, self._remote.host)
            edge.keep_now(
                [
                    edge.begin([Arrival(self._channel, self._live, raw, envelope, span.traceparent)])
                    for raw in raws
                ]
            )

    def _settle(self, session: Session, uids: Sequence[int]) -> None:
        """They are in the ledger: the server's copies may be flagged, moved or deleted."""
        again = [uid for uid in uids if uid in self._passed]
        if again:
            self._place.mailboxes.forget(self._channel.channel_id, self._cursor, again, self._lease())
            for uid in again:
                del self._passed[uid]
        if not self._lease().is_held:
            raise Overtaken(self._channel.channel_id)
        try:
            session.done_with(uids)
        except NoAnswer as refused:
            # The mail is safe, and whoever reads the state sees why it still lies there.
            self._unmoved = f"mails are fetched, but not marked or moved: {refused}"

    # ----------------------------------------------------------------------------------------------------- passing by

    def _pass_too_large(self, uids: Sequence[int], size: int) -> None:
        for uid in uids:
            self._place.edge.refused(self._channel.channel_id)
            limit = self._live.size_limit
            self._pass(uid, Passing.TOO_LARGE, f"{size} bytes, and the mailbox takes {limit}", size)

    def _pass(self, uid: int, reason: Passing, text: str, size: int) -> None:
        one = pass_by(uid, reason, text, size, self._place.clock.now(), self._passed.get(uid))
        self._place.mailboxes.pass_by(self._channel.channel_id, self._cursor, one, self._lease())
        self._passed[uid] = one
        self._suspects.discard(uid)
        self.steps += 1

    def _charge(self, session: Session) -> None:
        """The server is back and answers: the mail at which the connection broke is passed by."""
        if self._accused is None:
            return
        (uid, size, text), self._accused = self._accused, None
        if session.existing([uid]):
            self._pass(uid, Passing.NOT_FETCHED, text, size)

    def _forget_the_gone(self, session: Session) -> None:
        gone = set(self._passed) - session.existing(sorted(self._passed))
        if gone:
            self._place.mailboxes.forget(self._channel.channel_id, self._cursor, sorted(gone), self._lease())
            for uid in gone:
                del self._passed[uid]

    def _try_again(self, session: Session, is_over: Callable[[], bool]) -> None:
        now, limit = self._place.clock.now(), self._live.size_limit
        due = sorted(
            (one for one in self._passed.values() if one.is_due(now, limit)), key=lambda one: one.due_at
        )
        # At what was only too large nobody has failed: all of it comes once the mailbox takes it.
        fit = [one for one in due if one.reason is Passing.TOO_LARGE]
        for one in [*fit, *[one for one in due if one not in fit][:_AGAIN]]:
            if is_over():
                return
            with suppress(NoAnswer):
                # As large as it may be at most: what the server said of it may be what was wrong.
                self._fetch_alone(session, one.uid, 0)
