"""One signed-in visit to a folder: what is there, its bytes, and what becomes of what is kept."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from imap_tools.utils import encode_folder

from chassis.clock import monotonic
from services.ingest.adapters.imap.client import Connection, NoAnswer, Trouble, in_words
from services.ingest.adapters.imap.entrance import signing_in
from services.ingest.domain.channel import ServerCheck
from services.ingest.domain.fetching import RemoteMailbox

_UID = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
# Numbers of IMAP have 32 bits (RFC 3501, 9); what is beyond is none, and is not to be kept.
_MOST = 2**32 - 1
# RFC822.SIZE is only near the truth at some servers, Exchange among them.
_SLACK = 1024 * 1024
# Below the 29 minutes of RFC 2177, and below what firewalls forget silent connections after.
_IDLE_SECONDS = 60.0
_WAITS = 1.0
# UIDs that are asked for with one line.
_AT_ONCE = 500


class Session:
    """Signed in, the folder selected. One thread uses it; any may `cut` it."""

    def __init__(self, mailbox: RemoteMailbox) -> None:
        """Raises Trouble."""
        self._mailbox = mailbox
        sign_in = signing_in(mailbox)
        with in_words(mailbox):
            self._connection = Connection(mailbox)
        try:
            with self._step():
                sign_in(self._connection)
                self._abilities = self._capability()
                # Who leaves everything as it is cannot even change a flag by mistake.
                self._connection.folder.set(mailbox.folder, readonly=mailbox.after == "leave")
                self.validity = self._number("UIDVALIDITY")
        except BaseException:
            self.close()
            raise
        if not self.validity:
            self.close()
            raise Trouble(f"{mailbox.host} gives no UIDVALIDITY for {mailbox.folder}")

    def cut(self) -> None:
        """Break it off from another thread."""
        self._connection.cut()

    def close(self) -> None:
        """Let it go, whatever the server thinks of it."""
        self._connection.cut()
        try:
            self._connection.client.shutdown()
        except OSError:
            return

    # ------------------------------------------------------------------------------------------------------ looking

    def uids_after(self, uid: int) -> list[int]:
        """UIDs above this one, in order."""
        # What comes from here on may be in no answer.
        self._connection.client.forget_news()
        # `*` is the last message, however small its UID.
        return sorted(found for found in self._search(f"UID {uid + 1}:*") if found > uid)

    def existing(self, uids: Sequence[int]) -> set[int]:
        """Those of the UIDs that are still there."""
        found: set[int] = set()
        # Servers refuse lines that are too long (RFC 7162, 4), many those above 8,192 bytes.
        for start in range(0, len(uids), _AT_ONCE):
            found |= self._search(f"UID {_set(uids[start : start + _AT_ONCE])}")
        return found

    def _search(self, criteria: str) -> set[int]:
        with self._step():
            kind, data = self._connection.client.uid("SEARCH", criteria)
            if kind != "OK":
                raise NoAnswer(f"{self._mailbox.host} does not list its mails: {data!r}"[:300])
        # A long answer may come in several lines.
        words = (word for line in data if isinstance(line, bytes) for word in line.split())
        return {
            uid
            for uid in (int(word) for word in words if word.isdigit() and len(word) <= 10)
            if 0 < uid <= _MOST
        }

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """What the server says of their sizes; what it does not name is left out."""
        found: dict[int, int] = {}
        for head, _ in self._fetched(uids, "(UID RFC822.SIZE)", 0):
            uid, size = _UID.search(head), _SIZE.search(head)
            if uid and size:
                found[int(uid.group(1))] = min(int(size.group(1)[:12]), _MOST)
        return found

    def mails(self, uids: Sequence[int], size: int) -> dict[int, bytes]:
        """The raw mails, no flag touched; `size` is about what they come to. Raises Broken where it is far more."""
        found: dict[int, bytes] = {}
        for head, raw in self._fetched(uids, "(UID BODY.PEEK[])", 2 * size + _SLACK):
            uid = _UID.search(head)
            if uid and raw:
                found[int(uid.group(1))] = raw
        return {uid: raw for uid, raw in found.items() if uid in set(uids)}

    def _fetched(self, uids: Sequence[int], parts: str, size: int) -> Iterator[tuple[bytes, bytes]]:
        """(everything but the literal, the literal) of each message that is answered."""
        with self._step(size):
            kind, data = self._connection.client.uid("FETCH", _set(uids), parts)
            if kind != "OK":
                raise NoAnswer(f"{self._mailbox.host} does not give the mail: {data!r}"[:300])
        head, raw = b"", b""
        for part in data or []:
            if isinstance(part, tuple):
                head, raw = bytes(part[0]), bytes(part[1])
            elif isinstance(part, bytes) and raw:
                # What follows a literal belongs to it, up to the bracket; the UID may stand there.
                yield head + part, raw
                head, raw = b"", b""
            elif isinstance(part, bytes):
                yield part, b""

    # ------------------------------------------------------------------------------------------------------- acting

    def done_with(self, uids: Sequence[int]) -> None:
        """What the mailbox wants to become of mails that are in the ledger. Raises NoAnswer."""
        after = self._mailbox.after
        if not uids or after == "leave":
            return
        if after == "seen":
            self._change("STORE", uids, "+FLAGS.SILENT", r"(\Seen)")
        elif after == "delete":
            self._delete(uids)
        else:
            self._move(uids, encode_folder(after.removeprefix("move:")))

    def _move(self, uids: Sequence[int], folder: bytes) -> None:
        name = folder.decode("ascii")
        try:
            self._transfer(uids, name)
        except NoAnswer:
            # Most likely the folder is not there yet (RFC 3501, 6.4.7).
            with self._step():
                self._connection.folder.create(folder)
            self._transfer(uids, name)

    def _transfer(self, uids: Sequence[int], folder: str) -> None:
        if "MOVE" in self._abilities:
            self._change("MOVE", uids, folder)
            return
        self._change("COPY", uids, folder)
        self._delete(uids)

    def _delete(self, uids: Sequence[int]) -> None:
        self._change("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
        # A plain EXPUNGE would take with it what others only marked (RFC 4315).
        if "UIDPLUS" in self._abilities:
            self._change("EXPUNGE", uids)

    def _change(self, verb: str, uids: Sequence[int], *words: str) -> None:
        with self._step():
            kind, data = self._connection.client.uid(verb, _set(uids), *words)
            if kind != "OK":
                said = data[0].decode("utf-8", "replace") if data and isinstance(data[0], bytes) else ""
                raise NoAnswer(f"{self._mailbox.host} refuses {verb}: {said}"[:300])

    # ------------------------------------------------------------------------------------------------------ waiting

    def wait(self, pause: Callable[[float], bool], seconds: float = _IDLE_SECONDS) -> None:
        """Until the server has news, `pause(seconds)` says that we are to end, or the time is over."""
        ends = monotonic() + seconds
        client = self._connection.client
        if client.has_news():
            return
        if "IDLE" not in self._abilities:
            pause(seconds)
            return
        try:
            with self._step():
                tag = client.idle()
        except NoAnswer:
            # Offered and refused: as good as never offered.
            self._abilities -= {"IDLE"}
            pause(seconds)
            return
        has_news = client.has_news()
        # Not the library's own wait, which takes a connection that has ended for silence, and asks it without a pause.
        while not has_news and not pause(0) and (left := ends - monotonic()) > 0:
            with in_words(self._mailbox):
                has_news = b"EXISTS" in client.news(min(_WAITS, left))
        with self._step():
            client.done(tag)

    # -------------------------------------------------------------------------------------------------------- words

    @contextmanager
    def _step(self, size: int = 0) -> Iterator[None]:
        self._connection.client.begin(size)
        with in_words(self._mailbox):
            yield

    def _capability(self) -> frozenset[str]:
        # Asked again after signing in: many servers say less to a stranger.
        _, data = self._connection.client.capability()
        return frozenset(
            word.decode("ascii", "replace").upper()
            for line in data
            if isinstance(line, bytes)
            for word in line.split()
        )

    def _number(self, name: str) -> int:
        _, data = self._connection.client.response(name)
        last = data[-1] if data else None
        return int(last[:12]) if isinstance(last, bytes) and last.isdigit() else 0


def check(mailbox: RemoteMailbox) -> ServerCheck:
    """Sign in and open the folder, and leave all as it is."""
    try:
        session = Session(replace(mailbox, after="leave"))
    except Trouble as trouble:
        return ServerCheck("imap", False, str(trouble))
    session.close()
    where = f"{mailbox.host}:{mailbox.port}"
    return ServerCheck("imap", True, f"{where} lets {mailbox.user} read {mailbox.folder}")


def _set(uids: Sequence[int]) -> str:
    """A set of UIDs as short as it can be said."""
    parts: list[str] = []
    start = before = -1
    for uid in [*sorted(uids), -1]:
        if uid == before + 1 and start >= 0:
            before = uid
            continue
        if start >= 0:
            parts.append(f"{start}:{before}" if before > start else str(start))
        start = before = uid
    return ",".join(parts)
