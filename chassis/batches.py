"""Group commit: many commands, each by its own use case, in one transaction.

One command a transaction gives about 490 tickets/s on one thread, a hundred of them 13,000/s. A batch is read for in
one go, every command runs as if alone, and one bulk write keeps all of it. A command that fails leaves the batch; a
batch that fails as a whole is halved until the culprit stands alone.
"""

import contextlib
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from chassis.boxes import BOXES
from chassis.clock import Clock, pause
from chassis.errors import Refused, Unavailable
from chassis.failpoints import failpoint
from chassis.ids import new_id
from chassis.mongo import Document, Documents, Raced, named_failures
from chassis.outbox import Outbox
from chassis.telemetry.metrics import Metrics
from chassis.units import Cause, Unit

INDEXES = {"trials": [IndexModel("at", expireAfterSeconds=86_400)]}
_AT_ONCE = 5
# Batches that look first after one that met a repeat: repeats come in crowds, when a process or a node came back.
_WARY = 50
# Before a lone command races once more; whoever holds its rows needs a moment to commit.
_PAUSES = (0.0, 0.002, 0.01, 0.05)

Handler = Callable[[Any, Any], object]


class Ports(Protocol):
    """What a service opens for one batch; its handlers get it as their second argument."""

    def load(self, commands: Sequence[Any]) -> None:
        """Read for all commands at once what they will need."""
        ...

    def flush(self) -> None:
        """Stage what is left and send what must be sent before the commit."""
        ...


@dataclass(slots=True)
class Task:
    """One command on its way. `key` names it in the inbox (empty: not remembered); `digest` tells another command
    under the same key; `came_before` says that whoever brings it brought it already."""

    key: str
    command: Any
    cause: Cause = field(default_factory=Cause)
    digest: str = ""
    came_before: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of a task: `error` None means committed. `answer` is what the handler returned, or the first
    answer's bytes
    where `repeated`."""

    task: Task
    answer: object = None
    error: Exception | None = None
    repeated: bool = False


class KeyReused(Refused):
    """The idempotency key came before with another command."""


class BatchRunner:
    """Runs tasks through their handlers and commits them together.

    `open_ports(unit)` makes the service's ports; `handlers` maps a command's type to its use case. Answers that are
    bytes are kept with the inbox key, so that a repeat gets the first answer.

    The inbox is looked at only where there is a reason to: a task that came before, or a first attempt that did not go
    well. A repeat that nobody knew for one cannot be committed, its key being taken, and may not be refused either: what
    it asks for may be wrong by now because it was done. So the look, which costs the database as much as the key itself,
    is spared for all that come once. Only where the ports act on others before the commit (`acts_outside`) it is always
    looked at first: what a repeat leads to by now may be more than the first time. Commands of the types in
    `knows_repeats` see by themselves that they came before: no key is kept for them.
    """

    def __init__(
        self,
        *,
        consumer: str,
        database: Documents,
        clock: Clock,
        open_ports: Callable[[Unit], Ports],
        handlers: Mapping[type, Handler],
        outbox: Outbox | None,
        metrics: Metrics,
        knows_repeats: Collection[type] = (),
        acts_outside: bool = False,
    ) -> None:
        self._consumer = consumer
        self._acts_outside = acts_outside
        self._knows_repeats = frozenset(knows_repeats)
        self._database = database
        # What only a primary knows that has lost its secondaries may be lost with it: it is no ground to call a task done.
        self._confirmed_inbox = database.get_collection(BOXES, read_concern=ReadConcern("majority"))
        self._clock = clock
        self._open_ports = open_ports
        self._handlers = handlers
        self._outbox = outbox
        self._repeats = metrics.counter(
            "inbox_duplicates_total", "Facts and commands that had been handled before.", ["consumer"]
        ).labels(consumer)
        self._log = structlog.get_logger(__name__)
        self._wary = 0

    def run(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Commit what can be committed; one outcome a task, in order. Raises Unavailable where the surroundings are
        away: then
        nothing is certain, and the same tasks may be run again."""
        for task in tasks:
            if type(task.command) in self._knows_repeats:
                task.key = ""
        outcomes = {id(task): Outcome(task) for task in tasks}
        first, again = _split_by_key(tasks)
        look = self._acts_outside or self._wary > 0 or any(task.came_before for task in first)
        self._wary = max(0, self._wary - 1)
        self._run(first, outcomes, look)
        if again:
            # Twice in one batch: by now the inbox knows the first one's answer.
            self._run(again, outcomes, look=True)
        return [outcomes[id(task)] for task in tasks]

    def begin_trial(self, key: str) -> int:
        """Note that one command is about to run alone, because it may be the one that kills its process; answers how
        often that was noted and never taken back, this time included. Raises Unavailable."""
        with named_failures():
            row: Document | None = self._database["trials"].find_one_and_update(
                {"_id": f"{self._consumer}:{key}"},
                {"$inc": {"begun": 1}, "$set": {"at": self._clock.now()}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return int(row["begun"]) if row else 1

    def end_trial(self, key: str) -> None:
        """Whatever came of it, the process lived."""
        # One that cannot be taken back makes the next trials fewer.
        with contextlib.suppress(PyMongoError):
            self._database["trials"].delete_one({"_id": f"{self._consumer}:{key}"})

    def _run(self, tasks: list[Task], outcomes: dict[int, Outcome], look: bool) -> None:
        if not look and self._is_done_unlooked(tasks, outcomes):
            return
        error: Exception | None = None
        for attempt in range(_AT_ONCE):
            if not tasks:
                return
            try:
                unit, tasks = self._attempt(tasks, outcomes, look=True)
            except Raced as raced:
                error = raced
                if len(tasks) == 1 and attempt < len(_PAUSES):
                    # Two that race for a row do not come back together.
                    pause(_PAUSES[attempt] * random.uniform(0.5, 1.5))
                continue
            except _Culprits as culprits:
                tasks = [task for task in tasks if id(task) not in culprits.ids]
                continue
            except Unavailable:
                raise
            except Exception as failure:  # noqa: BLE001 - becomes one task's outcome
                error = failure
                break
            self._publish(unit)
            return
        if not tasks:
            return
        if len(tasks) == 1:
            outcomes[id(tasks[0])].error = error or Raced("gave up after five races")
            return
        middle = len(tasks) // 2
        self._run(tasks[:middle], outcomes, look=True)
        self._run(tasks[middle:], outcomes, look=True)

    def _is_done_unlooked(self, tasks: list[Task], outcomes: dict[int, Outcome]) -> bool:
        try:
            unit, _ = self._attempt(tasks, outcomes, look=False)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it was, a repeat may be behind it
            return False
        self._publish(unit)
        return True

    def _attempt(
        self, tasks: list[Task], outcomes: dict[int, Outcome], *, look: bool
    ) -> tuple[Unit, list[Task]]:
        """One transaction, and what it remembers. Without `look` whatever a repeat could be behind raises."""
        unit = Unit(self._database, self._clock)
        unit.is_first_try = not look
        fresh = self._unseen(tasks, outcomes) if look else tasks
        if not fresh:
            return unit, []
        ports = self._open_ports(unit)
        ports.load([task.command for task in fresh])
        culprits: set[int] = set()
        answered: list[Task] = []
        refused: list[Task] = []
        for task in fresh:
            unit.cause = task.cause
            outcome = outcomes[id(task)]
            try:
                outcome.answer = self._handlers[type(task.command)](task.command, ports)
            except Refused as refusal:
                if task.key and not look:
                    raise
                # A use case that refuses has changed nothing; the batch goes on without it.
                outcome.error = refusal
                refused.append(task)
            except (Raced, Unavailable):
                raise
            except Exception as failure:  # noqa: BLE001 - the same broad except, for one handler
                # It may have staged half of its work: the batch is decided again without it.
                outcome.error = failure
                culprits.add(id(task))
            else:
                outcome.error = None
                answered.append(task)
        if culprits:
            raise _Culprits(culprits)
        if self._came_meanwhile(refused):
            raise Raced("what was refused had been done since the look")
        unit.cause = Cause()
        ports.flush()
        self._remember(unit, answered, outcomes)
        unit.commit()
        failpoint("after-commit-before-ack")
        return unit, answered

    def _unseen(self, tasks: list[Task], outcomes: dict[int, Outcome]) -> list[Task]:
        seen = self._seen([self._inbox_key(task) for task in tasks if task.key])
        if not seen:
            return tasks
        fresh: list[Task] = []
        for task in tasks:
            first = seen.get(self._inbox_key(task)) if task.key else None
            if first is None:
                fresh.append(task)
                continue
            digest, answer = first
            outcome = outcomes[id(task)]
            if task.digest and digest != task.digest:
                outcome.error = KeyReused("the idempotency key was used for another request")
                continue
            outcome.repeated, outcome.error, outcome.answer = True, None, answer
            self._repeats.inc()
            self._wary = _WARY
        return fresh

    def _came_meanwhile(self, refused: list[Task]) -> bool:
        """Another brought one of these too, and committed it between our look and what the refusal was read from."""
        keys = [self._inbox_key(task) for task in refused if task.key]
        if not keys:
            return False
        with named_failures():
            # Not only what a majority has: neither did the use case read only that.
            return self._database[BOXES].find_one({"keys": {"$in": keys}}, {"_id": 1}) is not None

    def _seen(self, keys: list[str]) -> dict[str, tuple[str, bytes | None]]:
        """Digest and first answer of those keys that are in the inbox."""
        found: dict[str, tuple[str, bytes | None]] = {}
        if not keys:
            return found
        wanted = set(keys)
        with named_failures():
            for row in self._confirmed_inbox.find({"keys": {"$in": keys}}):
                digests, answers = row.get("digests"), row.get("answers")
                for place, key in enumerate(row["keys"]):
                    if key in wanted:
                        found[key] = (digests[place] if digests else "", answers[place] if answers else None)
        return found

    def _inbox_key(self, task: Task) -> str:
        return f"{self._consumer}:{task.key}"

    def _remember(self, unit: Unit, tasks: list[Task], outcomes: dict[int, Outcome]) -> None:
        """Stage the inbox row of a batch: its keys, and beside them digests and answers where there are any."""
        keyed = [task for task in tasks if task.key]
        if not keyed:
            return
        row: Document = {"_id": new_id(), "at": unit.now, "keys": [self._inbox_key(task) for task in keyed]}
        if any(task.digest for task in keyed):
            row["digests"] = [task.digest for task in keyed]
        answers = [outcomes[id(task)].answer for task in keyed]
        if any(isinstance(answer, bytes) for answer in answers):
            row["answers"] = [answer if isinstance(answer, bytes) else None for answer in answers]
        unit.insert(BOXES, row)

    def _publish(self, unit: Unit) -> None:
        if not unit.outbox or self._outbox is None:
            return
        consumer, rows = self._consumer, len(unit.outbox)

        def left(away: Unavailable) -> None:
            # The rows are kept; a sweep publishes them once the broker is back.
            self._log.warning("publish_waits", consumer=consumer, rows=rows, away=str(away))

        # Who waits for the broker's confirm does not read its next batch meanwhile.
        self._outbox.publish_soon(unit.outbox, left)


class _Culprits(Exception):
    def __init__(self, ids: set[int]) -> None:
        super().__init__(f"{len(ids)} commands failed")
        self.ids = ids


def _split_by_key(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    met: set[str] = set()
    first: list[Task] = []
    again: list[Task] = []
    for task in tasks:
        (again if task.key and task.key in met else first).append(task)
        met.add(task.key)
    return first, again
