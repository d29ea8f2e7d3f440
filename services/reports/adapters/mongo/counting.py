"""Counting a batch: few additions, in the transaction that holds the batch's inbox keys."""

from collections.abc import Mapping, Sequence

from chassis.calendars import BatchCalendars, CalendarShelf
from chassis.mongo import Document, Documents, named_failures
from chassis.units import Unit
from services.reports.adapters.mongo.figures import additions
from services.reports.adapters.mongo.promises import MongoPromises
from services.reports.domain.facts import CountChange, CountPromise, KeepCalendar
from services.reports.domain.figures import Figures
from services.reports.domain.spells import Spell, spell_id
from services.reports.domain.tally import CHANNEL, Key, Labels, Tally, by_day, moment_of


class MongoSpells:
    """Implements Spells over one unit."""

    def __init__(self) -> None:
        self._stored: dict[str, Spell] = {}
        self._taken: set[str] = set()
        self._new: dict[str, Spell] = {}

    def load(self, database: Documents, ids: Sequence[str]) -> None:
        if not ids:
            return
        for row in database["spells"].find({"_id": {"$in": list(ids)}}):
            self._stored[row["_id"]] = _spell(row)

    def take(self, spell_id: str) -> Spell | None:
        if (new := self._new.pop(spell_id, None)) is not None:
            return new
        if (stored := self._stored.pop(spell_id, None)) is not None:
            self._taken.add(spell_id)
        return stored

    def keep(self, spell: Spell) -> None:
        self._new[spell.spell_id] = spell

    def stage(self, unit: Unit) -> None:
        for taken in self._taken:
            unit.delete("spells", {"_id": taken})
        for spell in self._new.values():
            # Both ends at once in two replicas: the second insert finds the first and is decided again.
            unit.insert("spells", _row(spell))


class MongoFirstReplies:
    """Implements FirstReplies over one unit."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._new: list[str] = []

    def load(self, database: Documents, ticket_ids: Sequence[str]) -> None:
        if ticket_ids:
            rows = database["first_replies"].find({"_id": {"$in": list(ticket_ids)}}, {"_id": 1})
            self._known.update(row["_id"] for row in rows)

    def claim(self, ticket_id: str) -> bool:
        if ticket_id in self._known:
            return False
        self._known.add(ticket_id)
        self._new.append(ticket_id)
        return True

    def stage(self, unit: Unit) -> None:
        for ticket_id in self._new:
            unit.insert("first_replies", {"_id": ticket_id, "at": unit.now})


class MongoCounting:
    """The ports of one batch. `slot` (0 to 15) keeps replicas from waiting for each other's rows: each adds to rows
    of its own, and who reads adds them up."""

    def __init__(self, unit: Unit, slot: int, calendars: CalendarShelf) -> None:
        self.tally = Tally()
        self.calendars = BatchCalendars(unit, calendars)
        self.spells = MongoSpells()
        self.first_replies = MongoFirstReplies()
        self.promises = MongoPromises()
        self._unit = unit
        self._slot = f"{slot:x}"

    def load(self, commands: Sequence[object]) -> None:
        """One read for the ends of spells, one for first replies and one for promises, where there are any."""
        self.calendars.load([command.news for command in commands if isinstance(command, KeepCalendar)])
        changes = [command for command in commands if isinstance(command, CountChange)]
        with named_failures():
            self.spells.load(
                self._unit.database,
                [spell_id(change.step) for change in changes if change.step and change.step.spell],
            )
            self.first_replies.load(
                self._unit.database, [change.ticket_id for change in changes if change.is_first_reply]
            )
            self.promises.load(
                self._unit.database,
                [command.promise_id for command in commands if isinstance(command, CountPromise)],
            )

    def flush(self) -> None:
        """Stage what the batch adds up to."""
        unit = self._unit
        buckets = self.tally.buckets()
        self._add("buckets", buckets)
        self._add("days", by_day(buckets))
        for key, figures in sorted(self.tally.minutes().items()):
            assert key.by == CHANNEL
            unit.update(
                "minutes",
                {"_id": f"{key.minute:08d}:{self._slot}:{key.value}"},
                {"$inc": additions(figures), "$setOnInsert": {"at": moment_of(key.minute)}},
                upsert=True,
            )
        self.calendars.stage()
        self.spells.stage(unit)
        self.first_replies.stage(unit)
        self.promises.stage(unit)

    def _add(self, collection: str, rows: Mapping[Key, Figures]) -> None:
        # In one order everywhere, so that two transactions never hold what the other waits for.
        for key, figures in sorted(rows.items()):
            self._unit.update(
                collection,
                {"_id": f"{key.by}:{key.minute:08d}:{self._slot}:{key.value}"},
                {"$inc": additions(figures)},
                upsert=True,
            )


def _row(spell: Spell) -> Document:
    row: Document = {"_id": spell.spell_id}
    if spell.began_at is not None:
        row["began_at"] = spell.began_at
    if spell.solved_at is not None:
        labels = spell.labels
        row["solved_at"] = spell.solved_at
        row["domain"] = spell.domain
        row["labels"] = {
            "channel": labels.channel,
            "group": labels.group,
            "agent": labels.agent,
            "tags": list(labels.tags),
        }
    return row


def _spell(row: Document) -> Spell:
    kept = row.get("labels")
    labels = Labels(kept["channel"], kept["group"], kept["agent"], tuple(kept["tags"])) if kept else Labels()
    return Spell(row["_id"], row.get("began_at"), row.get("solved_at"), labels, row.get("domain", ""))
