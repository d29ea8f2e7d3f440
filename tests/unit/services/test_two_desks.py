"""Two instances that write to each other fall silent: real mails both ways, through each one's own code."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bus.v1.bundle_pb2 import Envelope as Wrapping
from services.ingest.application.ports import Inbox
from services.ingest.channels.email import Settings, build
from services.ingest.domain.intake import Envelope
from services.ingest.domain.received import ReceivedMessage
from services.ingest.domain.sending import Reply
from services.ingest.domain.tokens import Tokens
from services.rules.adapters.wire import CONSUMES
from services.rules.application.vocabulary import find_read
from services.rules.domain.heard import REQUESTER_WROTE, TICKET_OPENED, Heard
from services.rules.domain.run import Memory, run_rules
from services.tickets.adapters.wire import PUBLISHES
from services.tickets.domain.commands import AddEntry, AddMessage, ApplySteps, ReceiveMessage, Thread
from services.tickets.domain.events import MessageAdded
from services.tickets.domain.people import AGENT, RULE, Actor
from tests.builders import MONDAY, a_message
from tests.fakes.tickets import MemoryPorts
from tests.heard_facts import a_rule, a_set
from tests.unit.services.ingest.channels.inboxes import anywhere, without_tokens

KATE = Actor(AGENT, "kate", "Kate Stone")
# A desk at its worst: it answers whatever comes, again and again.
ANSWERS_ALL = a_set(
    a_rule("hello", ("reply", {"text": "We have your mail."}), events=(TICKET_OPENED, REQUESTER_WROTE))
)
_GIVES_ITSELF_AWAY = re.compile(
    rb"^(auto-submitted|precedence|x-auto-response-suppress|x-relaydesk-loop):.*\r\n",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass
class Desk:
    """One instance with one mailbox."""

    address: str
    key: bytes
    answered: set[str] = field(default_factory=set)
    tickets: MemoryPorts = field(default_factory=MemoryPorts)

    def __post_init__(self) -> None:
        inbox = Inbox(
            "mail",
            Tokens(self.key),
            lambda address: address == self.address,
            lambda name: "",
            without_tokens,
            anywhere,
        )
        self.mailbox = build(Settings.model_validate({"address": self.address}), inbox)

    def take(self, raw: bytes, envelope_sender: str | None) -> bytes | None:
        """Receive a mail as ingest, tickets and rules do, each knowing what it has done; the answer, if any."""
        self.tickets.run(_command(self.mailbox.read(raw, Envelope(sender=envelope_sender))))
        fact = self.tickets.tickets.facts[-1]
        apply = CONSUMES[type(PUBLISHES[type(fact)](fact))](PUBLISHES[type(fact)](fact), Wrapping())
        heard = getattr(apply, "heard")  # noqa: B009 - the table is not typed by fact
        assert isinstance(heard, Heard)
        memory = Memory(answered=self._answered_on(heard.ticket.ticket_id))
        verdict = run_rules(ANSWERS_ALL, heard, find_read, memory)
        if not verdict.answers:
            return None
        self.answered.add(heard.ticket.ticket_id)
        step = AddEntry("public", "We have your mail.", is_automatic=True)
        self.tickets.run(ApplySteps(Actor(RULE, "hello"), heard.ticket.ticket_id, (step,)))
        return self.leaving(is_automatic=True)

    def _answered_on(self, ticket_id: str) -> set[str]:
        return {"hello"} if ticket_id in self.answered else set()

    def write(self) -> bytes:
        """An agent answers the only ticket by hand."""
        self.tickets.run(AddMessage(KATE, self.tickets.only_ticket().ticket_id, "Here you are."))
        return self.leaving(is_automatic=False)

    def leaving(self, *, is_automatic: bool) -> bytes:
        fact = self.tickets.tickets.facts[-1]
        assert isinstance(fact, MessageAdded)
        reply = fact.reply
        assert reply is not None
        outgoing = Reply(
            ticket_id=fact.ticket.ticket_id,
            message_id=fact.message.message_id,
            channel_id="mail",
            to=reply.to,
            cc=reply.cc,
            subject=reply.subject,
            text=fact.message.text,
            in_reply_to=reply.in_reply_to,
            references=reply.references,
            is_automatic=is_automatic,
        )
        return self.mailbox.compose(outgoing, reply.to[0], (), (), MONDAY).data


def _command(message: ReceivedMessage) -> ReceiveMessage:
    known = message.thread
    return a_message(
        message.text,
        sender=message.author.email,
        subject=message.subject,
        thread=Thread(known.message_id, known.in_reply_to, known.references, known.proven_ticket_ids),
        is_automatic=message.is_automatic,
        flags=message.flags,
        to=message.to,
        cc=message.cc,
    )


@pytest.fixture
def one() -> Desk:
    return Desk("help@one.example", b"the key of the first")


@pytest.fixture
def two() -> Desk:
    return Desk("care@two.example", b"the key of the second")


def _answers(
    mail: bytes, here: Desk, there: Desk, on_the_way: Callable[[bytes], bytes] = lambda raw: raw
) -> int:
    """How many automatic answers leave until one of the two is silent; 50 would be a loop."""
    for count in range(50):
        answer = here.take(on_the_way(mail), None)
        if answer is None:
            return count
        mail, here, there = answer, there, here
    return 50


def _mail_from(desk: Desk, to: Desk) -> bytes:
    head = f"From: {desk.address}\r\nTo: {to.address}\r\nSubject: Hi\r\nMessage-ID: <1@person.example>"
    return f"{head}\r\n\r\nHello\r\n".encode()


def test_two_desks_that_answer_everything_stop_after_one_automatic_answer(one: Desk, two: Desk) -> None:
    assert _answers(_mail_from(two, one), one, two) == 1
    assert two.tickets.only_ticket().message_count == 1


def test_an_agents_answer_to_another_desk_gets_one_automatic_answer_and_both_are_silent(
    one: Desk, two: Desk
) -> None:
    assert _answers(_mail_from(two, one), one, two) == 1
    assert _answers(one.write(), two, one) == 1
    # All of it is one ticket on either side, with everything in it.
    assert one.tickets.only_ticket().message_count == 4
    assert two.tickets.only_ticket().message_count == 3


def test_two_desks_stop_even_where_a_server_between_them_drops_every_field_that_tells_a_machine(
    one: Desk, two: Desk
) -> None:
    assert (
        _answers(_mail_from(two, one), one, two, on_the_way=lambda raw: _GIVES_ITSELF_AWAY.sub(b"", raw)) == 2
    )
