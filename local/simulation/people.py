"""Agents and requesters of a season: what each of them does next, decided by the seed and by what the system shows them.

Every decision draws from a chance of its own, named by the letter and how often it was answered: what one does changes
no other's luck.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from local.simulation.conductor import Agenda
from local.simulation.doors import SPAM_HEADER, Doors
from local.simulation.ledger import Kind, Ledger, Sent
from local.simulation.roster import ROSTER, Shift
from local.simulation.season import API, Letter, Season

# What an agent does with a ticket, of a hundred: solve it with the answer, ask back, or answer and leave it open.
_ENDS = (("solved", 46), ("pending", 34), ("open", 20))
# Who answers back, by the status that the agent's answer left.
_ANSWERS_BACK = {"solved": 0.18, "pending": 0.78, "open": 0.3}
_THANKS = 0.6
_NOTE, _AWAY, _BOUNCES = 0.14, 0.04, 0.02
_HANDLING = timedelta(minutes=5)
_GIVEN_UP = timedelta(days=3)
# A break after so many answers.
_ANSWERS_TO_A_BREAK, _BREAK = 9, timedelta(minutes=14)
_SECOND = timedelta(seconds=1)
_MOST_TURNS = 5


class Lost(Exception):
    """A letter that a door said yes to became no ticket; one line with its subject."""


@dataclass
class Conversation:
    """One letter and what became of it, as both sides see it."""

    letter: Letter
    seed: int
    ticket_id: str = ""
    group: str = ""
    is_urgent: bool = False
    status: str = "new"
    agent_id: str = ""
    # Since when the requester waits for an answer that nobody works at; None where they do not.
    waits_since: datetime | None = None
    turns: int = 0
    messages: int = 0
    is_unreachable: bool = False

    def chance(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}:{self.letter.ref}:{self.turns}:{what}")

    @property
    def sender(self) -> tuple[str, str]:
        return self.letter.name, self.letter.address


class People:
    """Plays everybody. `settled` is called whenever nothing is on its way."""

    def __init__(self, season: Season, agenda: Agenda, doors: Doors, ledger: Ledger) -> None:
        self._season = season
        self._agenda = agenda
        self._doors = doors
        self._ledger = ledger
        self._conversations: list[Conversation] = []
        # Written and not yet looked for, since when.
        self._written: dict[str, Conversation] = {}
        self._written_since: datetime | None = None
        self._resting: set[str] = set()
        self._answers: dict[str, int] = {}

    def begin(self) -> None:
        """Plan all letters, and the first morning of every agent."""
        for letter in self._season.letters:
            self._agenda.plan(letter.at, partial(self._write, letter))
        for shift in ROSTER:
            self._agenda.plan(shift.next_at_work(self._season.begin), partial(self._look, shift))

    def settled(self, now: datetime) -> None:
        """Find the tickets that letters became; wake agents for whom there is something."""
        if self._written_since is not None:
            for ticket in self._doors.opened(self._written_since, now):
                conversation = self._written.pop(ticket.subject, None)
                if conversation is None:
                    continue
                conversation.ticket_id, conversation.group = ticket.id, ticket.group
                conversation.is_urgent = ticket.priority == "urgent"
                conversation.status = ticket.status
                if not conversation.letter.is_spam:
                    conversation.waits_since = now
                    self._conversations.append(conversation)
            if self._written:
                raise Lost(f"no ticket for {', '.join(self._written)}")
            self._written_since = None
        for shift in ROSTER:
            if shift.agent_id in self._resting and self._choose(shift) is not None:
                self._resting.discard(shift.agent_id)
                begin = shift.next_at_work(now + timedelta(seconds=40))
                self._agenda.plan(begin, partial(self._look, shift))

    # ----------------------------------------------------------------------------------------------------- requesters

    def _write(self, letter: Letter, now: datetime) -> None:
        conversation = Conversation(letter, self._season.seed)
        self._written[letter.subject] = conversation
        self._written_since = self._written_since or now
        kind = Kind.SPAM if letter.is_spam else Kind.FIRST
        self._send(conversation, kind, letter.text, now, written_at=letter.written_at)

    def _send(
        self,
        conversation: Conversation,
        kind: Kind,
        text: str,
        now: datetime,
        *,
        written_at: datetime | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        letter = conversation.letter
        conversation.messages += 1
        name = f"{letter.ref.lower()}-{conversation.messages}"
        if letter.channel == API:
            self._doors.post(name, letter.ref, conversation.sender, letter.subject, text)
        else:
            is_first = conversation.messages == 1
            name = f"<{name}@{letter.address.partition('@')[2]}>"
            self._doors.mail(
                letter.channel,
                name,
                written_at or now,
                conversation.sender,
                letter.subject if is_first else f"Re: {letter.subject}",
                text,
                answers="" if is_first else self._ours(conversation),
                headers=(SPAM_HEADER,) if kind is Kind.SPAM else headers,
            )
        self._ledger.sent.append(Sent(name, kind, letter.channel, now))

    def _ours(self, conversation: Conversation) -> str:
        """The Message-ID of what we wrote last, as the requester's mail program knows it."""
        mails = [one for one in self._doors.messages(conversation.ticket_id) if one.visibility == "public"]
        ours = [one.external_id for one in mails if one.author.kind != "requester" and one.external_id]
        return (
            ours[-1]
            if ours
            else f"<{conversation.letter.ref.lower()}-1@{conversation.letter.address.partition('@')[2]}>"
        )

    def _answer_back(self, conversation: Conversation, now: datetime) -> None:
        chance = conversation.chance("words")
        language = conversation.letter.language
        is_thanks = conversation.status == "solved" and chance.random() < _THANKS
        text = chance.choice(language.thanks if is_thanks else language.questions)
        self._send(conversation, Kind.ANSWER, text, now)
        if conversation.status == "solved":
            self._ledger.reopened.append(now)
        conversation.status = "open"
        conversation.waits_since = now

    def _is_away(self, conversation: Conversation, now: datetime) -> None:
        text = conversation.letter.language.away
        self._send(conversation, Kind.AUTO_REPLY, text, now, headers=(("Auto-Submitted", "auto-replied"),))

    def _bounce(self, conversation: Conversation, now: datetime) -> None:
        letter = conversation.letter
        message_id = self._doors.bounce(letter.channel, self._ours(conversation), letter.address)
        self._ledger.sent.append(Sent(message_id, Kind.BOUNCE, letter.channel, now))

    # --------------------------------------------------------------------------------------------------------- agents

    def _choose(self, shift: Shift) -> Conversation | None:
        """What waits longest in the agent's groups, urgent things and their own first."""
        mine = [
            one
            for one in self._conversations
            if one.waits_since is not None
            and one.group in shift.groups
            and one.agent_id in ("", shift.agent_id)
        ]
        return min(
            mine,
            key=lambda one: (not one.is_urgent, not one.agent_id, one.waits_since, one.letter.ref),
            default=None,
        )

    def _look(self, shift: Shift, now: datetime) -> None:
        if not shift.is_at_work(now):
            self._agenda.plan(shift.next_at_work(now), partial(self._look, shift))
            return
        conversation = self._choose(shift)
        if conversation is None:
            self._resting.add(shift.agent_id)
            return
        conversation.waits_since = None
        conversation.turns += 1
        if not conversation.agent_id:
            conversation.agent_id = shift.agent_id
            key = f"take-{conversation.letter.ref}"
            self._doors.take(shift.agent_id, conversation.ticket_id, key)
        chance = conversation.chance("handling")
        seconds = int(_HANDLING.total_seconds() * min(chance.lognormvariate(0, 0.6), 4)) + 20
        done = now + timedelta(seconds=seconds)
        self._agenda.plan(done, partial(self._reply, shift, conversation))

    def _reply(self, shift: Shift, conversation: Conversation, now: datetime) -> None:
        letter, chance = conversation.letter, conversation.chance("reply")
        key = f"{letter.ref}-{conversation.turns}"
        if chance.random() < _NOTE:
            self._doors.note(
                shift.agent_id, conversation.ticket_id, f"note-{key}", "Asked the depot by phone."
            )
            self._ledger.notes += 1
        status = chance.choices([name for name, _ in _ENDS], [share for _, share in _ENDS])[0]
        if conversation.turns >= _MOST_TURNS:
            status = "solved"
        text = f"{chance.choice(letter.language.answers)}\n\n{shift.name}"
        self._doors.say(shift.agent_id, conversation.ticket_id, f"say-{key}", text, status=status)
        self._ledger.replied.append(now)
        if status == "solved":
            self._ledger.solved.append(now)
        conversation.status = status
        self._react(shift, conversation, now)
        self._answers[shift.agent_id] = self._answers.get(shift.agent_id, 0) + 1
        is_tired = self._answers[shift.agent_id] % _ANSWERS_TO_A_BREAK == 0
        pause = _BREAK if is_tired else timedelta(seconds=chance.randint(15, 90))
        self._agenda.plan(now + pause, partial(self._look, shift))

    def _react(self, shift: Shift, conversation: Conversation, now: datetime) -> None:
        """What comes of an answer: silence, an answer back, an auto-reply, or the mail comes back."""
        chance, turn, letter = conversation.chance("reaction"), conversation.turns, conversation.letter
        luck, is_mail = chance.random(), letter.channel != API
        if is_mail and luck < _BOUNCES:
            conversation.is_unreachable = True
            self._agenda.plan(now + 40 * _SECOND, partial(self._bounce, conversation))
        elif is_mail and luck < _BOUNCES + _AWAY:
            self._agenda.plan(now + 20 * _SECOND, partial(self._is_away, conversation))
        is_last = turn >= _MOST_TURNS or conversation.is_unreachable
        if not is_last and chance.random() < _ANSWERS_BACK[conversation.status]:
            delay = timedelta(seconds=int(10_000 * min(chance.lognormvariate(0, 1.1), 20)))
            back = _awake(now + delay, letter.language.zone, chance)
            self._agenda.plan(back, partial(self._answer_back, conversation))
        elif conversation.status != "solved":
            late = shift.next_at_work(now + _GIVEN_UP)
            self._agenda.plan(late, partial(self._give_up, shift, conversation, turn))

    def _give_up(self, shift: Shift, conversation: Conversation, turn: int, now: datetime) -> None:
        """Nobody wrote for days: the agent solves it."""
        if (
            conversation.turns != turn
            or conversation.waits_since is not None
            or conversation.status == "solved"
        ):
            return
        self._doors.solve(shift.agent_id, conversation.ticket_id, f"solve-{conversation.letter.ref}-{turn}")
        conversation.status = "solved"
        self._ledger.solved.append(now)


def _awake(moment: datetime, zone: str, chance: random.Random) -> datetime:
    """The moment, or some time after seven where it is night for the writer."""
    local = moment.astimezone(ZoneInfo(zone))
    if 7 <= local.hour < 23:
        return moment
    hours = (7 - local.hour) % 24
    return (moment + timedelta(hours=hours)).replace(minute=chance.randint(0, 59))
