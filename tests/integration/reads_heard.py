"""What reads cost the store: heard as they are sent, explained afterwards."""

from collections.abc import Mapping
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chassis.mongo import Document

_ANY_MOMENT: CodecOptions[Document] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


class ReadsHeard(CommandListener):
    """The reads of a client, to be explained afterwards, and how often it wrote."""

    def __init__(self) -> None:
        self._reads: list[Mapping[str, Any]] = []
        # Commands that write, since the last `forget`.
        self.writes = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.writes += event.command_name in ("insert", "update", "delete", "findAndModify")
        if event.command_name in ("find", "aggregate", "count"):
            own = {name: value for name, value in event.command.items() if not name.startswith(("$", "lsid"))}
            self._reads.append(own)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def looked_at(self, database: Database[Document]) -> tuple[int, int]:
        """Keys of indexes, and rows, that the reads since the last `forget` looked at."""
        keys = rows = 0
        # Explaining is heard too.
        for read in tuple(self._reads):
            # A bound may be the largest moment that there is, which Python has none for.
            told = database.command(
                "explain", dict(read), verbosity="executionStats", codec_options=_ANY_MOMENT
            )
            stages = told["stages"][0]["$cursor"] if "stages" in told else told
            stats = stages["executionStats"]
            keys, rows = keys + stats["totalKeysExamined"], rows + stats["totalDocsExamined"]
        return keys, rows

    def forget(self) -> None:
        """What was read and written so far is not asked about."""
        self._reads.clear()
        self.writes = 0
