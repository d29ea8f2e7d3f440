"""A process of our own: started, signalled and awaited by its pid, and by nothing broader."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class OwnChild:
    """One child process that can be ended, killed, frozen and started again.

    It leads a session of its own: a Ctrl-C at the terminal reaches only us, and we end our children in order.
    """

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> None:
        """Start it, with its output in the log file; refused while the last one still runs."""
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already as pid {self.pid}")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id; RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with (negative: by which signal); None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once; nothing where it does not run."""
        if self._process is not None and self.is_running:
            self._process.terminate()
            # A frozen process would not hear the request.
            os.kill(self.pid, signal.SIGCONT)

    def terminate(self, *, grace: float) -> bool:
        """Ask it to end and wait `grace` seconds, then kill it; true if it ended by itself."""
        if self._process is None or not self.is_running:
            return True
        self.ask_to_end()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill9()
            return False
        return True

    def kill9(self) -> None:
        """End it as a power cut would, with all that its session started; returns when it is gone."""
        if self._process is None or not self.is_running:
            return
        # The group is ours alone: the child leads its own session, and it is not reaped yet.
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(10)

    def freeze(self) -> None:
        """Stop it where it stands: its sockets stay open and silent."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def last_words(self, lines: int = 1) -> str:
        """The end of its log, for an error line."""
        try:
            text = self.log.read_text("utf-8", "replace")
        except OSError:
            return ""
        said = [line.strip() for line in text.splitlines() if line.strip()]
        return " ".join(said[-lines:])[-300:]
