"""A mail server of the test's own, that answers each command as told."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

# An answer by verb, "." is the end of the data; None drops the connection.
Answers = Mapping[str, str | None]


@dataclass
class MailServer:
    """What one connection after the other is answered; the last answers stand for all further connections."""

    scripts: Sequence[Answers]
    # The commands of each connection.
    heard: list[list[str]] = field(default_factory=list)
    port: int = 0
    connections: list[socket.socket] = field(default_factory=list)

    @property
    def mails(self) -> int:
        return sum(line == "." for connection in self.heard for line in connection)

    def verbs(self, connection: int) -> list[str]:
        return [line.split(":")[0].split(" ")[0].upper() for line in self.heard[connection]]

    def drop_all(self) -> None:
        """As when a firewall forgets: whoever writes finds nobody."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            answers = self.scripts[min(len(self.heard), len(self.scripts) - 1)]
            self.heard.append([])
            self.connections.append(client)
            threading.Thread(target=self._talk, args=(client, answers, self.heard[-1]), daemon=True).start()

    def _talk(self, client: socket.socket, answers: Answers, heard: list[str]) -> None:
        # Whoever is dropped is told so by its own next word.
        with contextlib.suppress(OSError):
            _talk(client, answers, heard)


def _talk(client: socket.socket, answers: Answers, heard: list[str]) -> None:
    with client, client.makefile("rwb") as wire:

        def say(text: str) -> None:
            wire.write(text.replace("\n", "\r\n").encode() + b"\r\n")
            wire.flush()

        say(answers.get("", "220 hi") or "220 hi")
        while line := wire.readline():
            heard.append(line.decode(errors="replace").rstrip())
            verb = heard[-1].split(":")[0].partition(" ")[0].upper()
            answer = answers.get(verb, "354 go" if verb == "DATA" else "250 ok")
            if answer is None:
                return
            say(answer)
            if verb == "QUIT":
                return
            if verb == "DATA" and answer.startswith("354"):
                while (line := wire.readline()) not in (b".\r\n", b""):
                    pass
                if not line:
                    return
                heard.append(".")
                end = answers.get(".", "250 kept")
                if end is None:
                    return
                say(end)


@contextmanager
def mail_server(*scripts: Answers) -> Iterator[MailServer]:
    """A running server."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = MailServer(scripts or ({},), port=listening.getsockname()[1])
    threading.Thread(target=server.serve, args=(listening,), daemon=True).start()
    try:
        yield server
    finally:
        # Closing alone would leave the accepting thread where it is.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
