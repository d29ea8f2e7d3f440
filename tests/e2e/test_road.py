"""The road of an e-mail, walked by its users: the mail goes in by SMTP, everything else is seen from outside."""

import smtplib
import uuid
from collections.abc import Callable
from email.message import EmailMessage

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from local.demo_mails import bounce_of
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from relaydesk.reports.v1 import service_pb2 as reports_pb2
from relaydesk.rules.v1 import service_pb2 as rules_pb2
from relaydesk.sla.v1 import service_pb2 as sla_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets_pb2
from relaydesk.tickets.v1.ticket_pb2 import Ticket
from tests.e2e.collector import Collector
from tests.e2e.letters import MAILBOX, fresh, letter, messages_of, send, ticket_of
from tests.e2e.system import System
from tests.waiting import wait_until


def unique(words: str) -> str:
    return f"{words} {uuid.uuid4().hex[:8]}"


def once(system: System, ticket: Ticket, holds: Callable[[Ticket], bool]) -> Ticket:
    """The ticket once something holds of it."""
    wait_until(lambda: holds(fresh(system, ticket)), describe=lambda: str(fresh(system, ticket)))
    return fresh(system, ticket)


def answered(system: System, ticket: Ticket, text: str, status: str = "") -> None:
    """An agent's public answer."""
    request = tickets_pb2.AddMessageRequest(
        idempotency_key=uuid.uuid4().hex, ticket_id=ticket.id, text=text, visibility="public", status=status
    )
    system.tickets.AddMessage(request, metadata=(*system.metadata, ("x-acting-agent", "kate")), timeout=60)


def sent_with(system: System, text: str) -> list[EmailMessage]:
    """What left with this text in it."""
    return [mail.message for mail in system.sink.mails() if text in mail.text]


def test_a_mail_becomes_a_ticket_that_a_rule_has_routed(system: System) -> None:
    mail = letter(
        unique("Parcel held in customs"),
        "Which documents do you need?",
        sender="Hannah Becker <hannah@b.example>",
    )
    mail.add_attachment(b"%PDF-1.4 receipt", maintype="application", subtype="pdf", filename="receipt.pdf")
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    assert (ticket.requester.name, ticket.requester.email) == ("Hannah Becker", "hannah@b.example")
    assert (ticket.channel, ticket.lane, ticket.priority) == ("support", "email", "medium")
    ticket = once(system, ticket, lambda t: t.group == "delivery" and "delivery" in t.tags)
    message = messages_of(system, ticket)[0]
    assert message.text.strip() == "Which documents do you need?"
    assert [(a.name, a.mime_type) for a in message.attachments] == [("receipt.pdf", "application/pdf")]
    pieces = system.ingest.ReadAttachment(
        ingest_pb2.ReadAttachmentRequest(attachment_id=message.attachments[0].attachment_id),
        metadata=system.metadata,
        timeout=60,
    )
    assert b"".join(piece.data for piece in pieces) == b"%PDF-1.4 receipt"


def test_every_effect_says_which_rule_did_it_and_why(system: System) -> None:
    mail = letter(unique("I was charged twice"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    wait_until(lambda: fresh(system, ticket).group == "payments", describe="the group that the rule sets")

    def matched() -> set[str]:
        answer = system.rules.ExplainEvent(
            rules_pb2.ExplainEventRequest(ticket_id=ticket.id), metadata=system.metadata, timeout=60
        )
        return {
            outcome.rule_id
            for one in answer.explanations
            for outcome in one.outcomes
            if outcome.outcome == "matched"
        }

    # The commands go out before the transaction that holds their explanation.
    wait_until(lambda: "payments" in matched(), describe="the explanation")
    changes = system.tickets.ListChanges(
        tickets_pb2.ListChangesRequest(ticket_id=ticket.id), metadata=system.metadata, timeout=60
    ).changes
    by_rule = [change for change in changes if change.actor.kind == "rule" and change.actor.id == "payments"]
    assert {field.field for change in by_rule for field in change.changes} >= {"group", "priority", "tags"}
    assert all(change.cause_id == f"{ticket.id}:1:0" for change in by_rule)


def test_a_cyrillic_mail_in_an_old_charset_is_read(system: System) -> None:
    subject = unique("Посылка вручена не мне")
    mail = letter(subject)
    mail.set_content("Проверьте, пожалуйста, кому её отдали.", charset="koi8-r")
    send(system, mail)
    ticket = ticket_of(system, subject)
    assert messages_of(system, ticket)[0].text.strip() == "Проверьте, пожалуйста, кому её отдали."


def test_an_answer_leaves_threaded_and_its_reply_comes_back_to_the_ticket(system: System) -> None:
    mail = letter(unique("Question"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    text = f"Our answer {uuid.uuid4().hex}"
    answered(system, ticket, text, status="pending")
    left = wait_until(lambda: sent_with(system, text), describe="the answer in the sink")
    assert len(left) == 1
    answer = left[0]
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert str(mail["Message-ID"]) in str(answer["References"])
    assert answer["Auto-Submitted"] is None
    assert MAILBOX in str(answer["From"])
    wait_until(
        lambda: [m.delivery_state for m in messages_of(system, ticket) if m.text.strip() == text] == ["sent"],
        describe="the delivery state",
    )
    assert fresh(system, ticket).status == "pending"
    send(
        system,
        letter(
            f"Re: {mail['Subject']}", "Thank you", sender=str(mail["From"]), answers=str(answer["Message-ID"])
        ),
    )
    reopened = once(system, ticket, lambda t: t.status == "open")
    assert reopened.message_count >= 3


def test_a_reply_with_only_our_address_token_finds_its_ticket(system: System) -> None:
    mail = letter(unique("Token"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    text = f"Token answer {uuid.uuid4().hex}"
    answered(system, ticket, text)
    answer = wait_until(lambda: sent_with(system, text), describe="the answer in the sink")[0]
    address = answer["Reply-To"].addresses[0].addr_spec
    assert address.startswith("support+t.")
    reply = letter("Something else entirely", "by token", sender=str(mail["From"]))
    reply.replace_header("To", address)
    send(system, reply)
    wait_until(
        lambda: any(m.text.strip() == "by token" for m in messages_of(system, ticket)),
        describe="the entry",
    )


def test_an_automatic_reply_is_kept_but_neither_reopens_nor_is_answered(system: System) -> None:
    mail = letter(unique("Away"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    answered(system, ticket, "Here you are", status="solved")
    system.wait_quiet()
    before = len(list(system.sink.mails()))
    away = letter(
        "Out of office",
        "I am away",
        sender=str(mail["From"]),
        answers=str(mail["Message-ID"]),
        Auto_Submitted="auto-replied",
    )
    send(system, away)
    wait_until(
        lambda: any(m.is_automatic and m.text.strip() == "I am away" for m in messages_of(system, ticket)),
        describe="the automatic entry",
    )
    system.wait_quiet()
    assert fresh(system, ticket).status == "solved"
    assert len(list(system.sink.mails())) == before


def test_a_bounce_marks_the_delivery_as_failed(system: System) -> None:
    mail = letter(unique("Bouncing"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))
    text = f"This will bounce {uuid.uuid4().hex}"
    answered(system, ticket, text)
    answer = wait_until(lambda: sent_with(system, text), describe="the answer in the sink")[0]
    wait_until(
        lambda: [m.delivery_state for m in messages_of(system, ticket) if m.text.strip() == text] == ["sent"],
        describe="sent first",
    )
    send(system, bounce_of(str(answer["Message-ID"]), MAILBOX, "5.1.1"), envelope_from="")
    wait_until(
        lambda: (
            [m.delivery_state for m in messages_of(system, ticket) if m.text.strip() == text] == ["failed"]
        ),
        describe="failed after the bounce",
    )


def test_the_clock_runs_and_pauses_while_pending(system: System) -> None:
    mail = letter(unique("Clock"))
    send(system, mail)
    ticket = ticket_of(system, str(mail["Subject"]))

    def clock() -> dict[str, sla_pb2.TargetState]:
        request = sla_pb2.GetClocksRequest(ticket_ids=[ticket.id])
        clocks = system.sla.GetClocks(request, metadata=system.metadata, timeout=60).clocks
        return {target.name: target for one in clocks for target in one.targets}

    targets = wait_until(clock, describe="a clock")
    assert targets["first_reply"].state == "running"
    assert targets["first_reply"].within_seconds == 3 * 3600
    wait_until(
        lambda: fresh(system, ticket).clock.target == "first_reply",
        describe="the clock on the ticket",
    )
    answered(system, ticket, "An answer", status="pending")
    wait_until(lambda: clock()["first_reply"].state == "met", describe="the target met")
    wait_until(lambda: clock()["resolution"].state == "paused", describe="the target paused")


def test_what_came_in_is_counted_in_its_quarter_of_an_hour(system: System) -> None:
    def opened() -> int:
        end = Timestamp()
        end.GetCurrentTime()
        begin = Timestamp(seconds=end.seconds - 3600)
        request = reports_pb2.QueryReportRequest(to=end, by="channel")
        getattr(request, "from").CopyFrom(begin)
        rows = system.reports.QueryReport(request, metadata=system.metadata, timeout=60).rows
        return sum(row.opened for row in rows if row.key == "support")

    before = opened()
    for _ in range(3):
        send(system, letter(unique("Counted")))
    wait_until(lambda: opened() == before + 3, describe="three more opened")


def test_the_ledger_adds_up_when_all_is_quiet(system: System) -> None:
    send(system, letter(unique("Ledger")))
    system.wait_quiet()
    line = system.ledger()
    assert line.accepted == line.ticketed + line.appended + line.applied + line.ignored + line.quarantined
    assert (line.in_flight, line.in_flight_over_60s, line.closed_twice) == (0, 0, 0)


def test_one_trace_goes_from_the_socket_to_the_report(system: System, collector: Collector) -> None:
    send(system, letter(unique("Traced parcel")))

    def whole() -> bool:
        wanted = {"ingest", "tickets", "rules", "sla", "reports"}
        return any(wanted <= {service for service, *_ in spans} for spans in collector.traces().values())

    wait_until(
        whole,
        describe=lambda: {t: {s for s, *_ in spans} for t, spans in collector.traces().items()},
    )
    for spans in collector.traces().values():
        ids = {span_id for _, _, span_id, _ in spans}
        roots = [name for _, name, _, parent in spans if not parent]
        assert len(roots) <= 1, roots
        assert all(not parent or parent in ids for _, _, _, parent in spans if len(ids) > 12)


@pytest.mark.parametrize("address", ["nobody@demo.example", "support@elsewhere.example"])
def test_an_unknown_mailbox_is_refused_before_its_mail(system: System, address: str) -> None:
    host, port = system.endpoints.smtp_address
    with (
        smtplib.SMTP(host, port, timeout=60) as smtp,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        smtp.sendmail("a@customer.example", [address], b"Subject: x\r\n\r\ny")
    assert {code for code, _ in refused.value.recipients.values()} == {550}


def test_a_call_without_a_token_is_refused(system: System) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        system.tickets.ListTickets(tickets_pb2.ListTicketsRequest(), timeout=60)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
