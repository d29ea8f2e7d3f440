"""An IMAP server that misbehaves: it hangs at a mail, lies about sizes, breaks off or shows nothing."""

import re
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from typing import Any

from chassis.clock import monotonic

_SET = re.compile(r"^(\d+)(?::(\d+|\*))?$")


class FakeImapServer:
    """Speaks just enough IMAP4rev1 for a client that fetches by UID; `mails` by UID, `moods` says how it treats them.

    Moods: hang (begins the literal and is silent), drop (begins it and hangs up), refuse (NO), empty (no answer),
    flood (more bytes than it said), small (a size of 10 bytes for a large mail), hang_size (silent when asked for its size),
    drip (byte after byte, for ever), vast (a size that no number holds). A restless one says that there is news whenever it is
    asked for some. A mail that is late comes while the mails are listed for the first time.
    """

    def __init__(
        self,
        mails: Mapping[int, bytes],
        moods: Mapping[int, str],
        *,
        is_restless: bool = False,
        late: bytes = b"",
        refused: Set[str] = frozenset(),
    ) -> None:
        self.mails = dict(mails)
        self.moods = dict(moods)
        self.is_restless = is_restless
        self.late = late
        # Verbs that it does not carry out, whatever it offers.
        self.refused = refused
        # Commands, by their verbs.
        self.heard: list[str] = []
        self.fetched: list[int] = []
        # When it was asked for the list of its mails.
        self.searched: list[float] = []
        self._gone = threading.Event()
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    _Talk(fake, self.rfile, self.wfile, fake._gone).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._gone.set()
        self._server.shutdown()
        self._server.server_close()


class _HungUp(OSError):
    pass


class _Talk:
    def __init__(self, fake: FakeImapServer, lines: Any, out: Any, gone: threading.Event) -> None:
        self._fake = fake
        self._lines = lines
        self._out = out
        self._gone = gone

    def run(self) -> None:
        self._say("* OK [CAPABILITY IMAP4rev1] at your service")
        for line in self._lines:
            tag, _, rest = line.decode("latin-1").strip().partition(" ")
            words = rest.split(" ")
            verb = words[0].upper()
            self._fake.heard.append(words[1].upper() if verb == "UID" else verb)
            answer = "OK done"
            if verb in self._fake.refused:
                answer = "NO not today"
            elif verb == "UID":
                answer = self._uid(words[1].upper(), words[2:])
            elif verb == "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1 IDLE")
            elif verb == "IDLE":
                self._say("+ idling")
                if self._fake.is_restless:
                    self._say(f"* {len(self._fake.mails)} EXISTS")
                self._lines.readline()
            elif verb in ("SELECT", "EXAMINE"):
                self._say(f"* {len(self._fake.mails)} EXISTS")
                self._say("* OK [UIDVALIDITY 7] fixed")
            self._say(f"{tag} {answer}")
            if verb == "LOGOUT":
                return

    def _uid(self, verb: str, words: list[str]) -> str:
        """Say what was asked for; answers how that ended."""
        named = self._named(words[0] if verb == "FETCH" else words[-1])
        if verb == "SEARCH":
            self._fake.searched.append(monotonic())
            self._say(f"* SEARCH {' '.join(map(str, named))}")
            if self._fake.late:
                self._fake.mails[max(self._fake.mails) + 1], self._fake.late = self._fake.late, b""
                self._say(f"* {len(self._fake.mails)} EXISTS")
        elif "RFC822.SIZE" in words[-1]:
            for uid in named:
                self._size(uid)
        else:
            for uid in named:
                if self._fake.moods.get(uid) == "refuse":
                    return "NO [SERVERBUG] cannot read that one"
                self._mail(uid)
        return "OK done"

    def _size(self, uid: int) -> None:
        mood = self._fake.moods.get(uid)
        if mood == "hang_size":
            self._hang()
        size = 10 if mood in ("small", "flood") else len(self._fake.mails[uid])
        said = "9" * 40 if mood == "vast" else str(size)
        self._say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {said})")

    def _mail(self, uid: int) -> None:
        mood, raw = self._fake.moods.get(uid), self._fake.mails[uid]
        self._fake.fetched.append(uid)
        if mood == "empty":
            return
        if mood == "flood":
            self._out.write(f"* {uid} FETCH (UID {uid} BODY[] {{4000000000}}\r\n".encode())
            while True:
                self._out.write(b"x" * 65536)
        self._out.write(f"* {uid} FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode())
        if mood == "drip":
            while not self._gone.wait(0.2):
                self._out.write(b"x")
                self._out.flush()
        if mood in ("hang", "drop"):
            self._out.write(raw[:5])
            self._out.flush()
            if mood == "drop":
                raise _HungUp
            self._hang()
        self._out.write(raw)
        self._say(")")

    def _hang(self) -> None:
        self._gone.wait(60)
        raise _HungUp

    def _named(self, numbers: str) -> list[int]:
        found: set[int] = set()
        known = sorted(self._fake.mails)
        for part in numbers.split(","):
            match = _SET.match(part)
            assert match is not None
            first, last = match.groups()
            low = int(first)
            high = known[-1] if last == "*" and known else int(last or first)
            low, high = min(low, high), max(low, high)
            found.update(uid for uid in known if low <= uid <= high)
        return sorted(found)

    def _say(self, line: str) -> None:
        self._out.write(f"{line}\r\n".encode())
        self._out.flush()


@contextmanager
def misbehaving(
    mails: Mapping[int, bytes],
    moods: Mapping[int, str],
    *,
    is_restless: bool = False,
    late: bytes = b"",
    refused: Set[str] = frozenset(),
) -> Iterator[FakeImapServer]:
    """A started server, gone afterwards."""
    server = FakeImapServer(mails, moods, is_restless=is_restless, late=late, refused=refused)
    server.start()
    try:
        yield server
    finally:
        with suppress(OSError, socket.error):
            server.stop()
