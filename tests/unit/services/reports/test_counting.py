"""What each fact counts; docs/metrics.md says the same in words."""

from datetime import timedelta

import pytest

from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.rules.v1 import events_pb2 as rules
from relaydesk.sla.v1 import events_pb2 as sla
from relaydesk.tickets.v1 import events_pb2 as tickets
from services.reports.adapters.wire import CONSUMES
from services.reports.domain.figures import (
    FIRST_REPLY,
    MESSAGE_TO_TICKET,
    RESOLUTION,
)
from tests.fakes.ticket_facts import MONDAY, TicketLife, Told, enveloped, stamp
from tests.unit.services.reports.conftest import Counted

MINUTE = 60_000


def test_an_opened_ticket_counts_with_its_message_and_its_road(counted: Counted) -> None:
    counted.hear_all([TicketLife().opens(road=timedelta(milliseconds=24))])
    total = counted.total
    assert (total["opened"], total["messages_in"], total["arrived"]) == (1, 1, 1)
    road = total.duration(MESSAGE_TO_TICKET)
    assert (road.count, road.sum_milliseconds) == (1, 24)


def test_an_automatic_message_counts_as_in_and_as_automatic(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(automatic=True), life.hears(1), life.hears(2, automatic=True)])
    assert (counted.total["messages_in"], counted.total["messages_in_automatic"]) == (3, 2)


def test_a_note_inside_counts_nothing(counted: Counted) -> None:
    life = TicketLife()
    life.opens()
    fact, envelope = life.answers(1, internal=True)
    assert CONSUMES[type(fact)](fact, envelope) is None


def test_a_change_that_nobody_counts_is_of_no_interest(counted: Counted) -> None:
    life = TicketLife()
    life.opens()
    fact, envelope = life.changes(1, priority="high")
    assert CONSUMES[type(fact)](fact, envelope) is None


def test_the_first_reply_is_the_first_public_answer_by_a_person(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all(
        [
            life.opens(),
            life.answers(1, by="greeting", kind="rule", automatic=True),
            life.answers(2, internal=True),
            life.answers(7),
            life.answers(30),
        ]
    )
    reply = counted.total.duration(FIRST_REPLY)
    assert (reply.count, reply.sum_milliseconds) == (1, 7 * MINUTE)
    assert (counted.total["messages_out"], counted.total["messages_out_automatic"]) == (3, 1)


def test_an_answer_by_another_system_is_a_persons(counted: Counted) -> None:
    life = TicketLife(agent="boris")
    counted.hear_all([life.opens(), life.answers(3, kind="api", by="shop")])
    assert counted.total.duration(FIRST_REPLY).count == 1
    assert counted.by("agent")["boris"]["messages_out"] == 1


def test_two_answers_of_one_millisecond_are_one_first_reply(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.answers(3)])
    counted.hear_all([life.answers(3)])
    assert counted.total.duration(FIRST_REPLY).count == 1
    assert counted.total["messages_out"] == 2


def test_an_answer_counts_for_who_wrote_it_and_a_solution_for_who_is_responsible(counted: Counted) -> None:
    life = TicketLife(agent="boris")
    counted.hear_all([life.opens(), life.answers(5, by="anna"), life.changes(9, status="solved")])
    by_agent = counted.by("agent")
    assert (by_agent["anna"]["messages_out"], by_agent["anna"].duration(FIRST_REPLY).count) == (1, 1)
    assert (by_agent["boris"]["solved"], by_agent["boris"]["messages_out"]) == (1, 0)


def test_solving_counts_once_and_closing_afterwards_not_again(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.changes(20, status="solved"), life.changes(500, status="closed")])
    resolution = counted.total.duration(RESOLUTION)
    assert (counted.total["solved"], counted.total["reopened"]) == (1, 0)
    assert (resolution.count, resolution.sum_milliseconds) == (1, 20 * MINUTE)


def test_closing_at_once_is_solving(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.changes(1, status="closed")])
    assert counted.total["solved"] == 1


def test_a_reopened_tickets_second_solution_is_measured_from_its_reopening(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(), life.answers(10, status="solved")])
    counted.hear_all([life.hears(5 * 24 * 60)])
    counted.hear_all([life.answers(5 * 24 * 60 + 10, status="solved")])
    total = counted.total
    assert (total["solved"], total["reopened"]) == (2, 1)
    resolution = total.duration(RESOLUTION)
    assert (resolution.count, resolution.sum_milliseconds) == (2, 20 * MINUTE), "not five days"


def test_a_solution_that_overtakes_its_reopening_is_measured_all_the_same(counted: Counted) -> None:
    life = TicketLife()
    opened, solved = life.opens(), life.changes(10, status="solved")
    reopened, again = life.hears(60), life.changes(75, status="solved")
    for told in (again, solved, reopened, opened):
        counted.hear_all([told])
    resolution = counted.total.duration(RESOLUTION)
    assert (resolution.count, resolution.sum_milliseconds) == (2, 25 * MINUTE)
    assert counted.spells.waiting == {}


def test_an_opening_counts_under_the_group_agent_and_tags_that_the_ticket_has_now(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all(
        [life.opens(), life.changes(40, group="delivery", agent="anna", tags=["payment/refund"])]
    )
    counted.hear_all([life.changes(90, group="claims", tags=["payment/card"])])
    assert {value: figures["opened"] for value, figures in counted.by("group").items()} == {
        "": 0,
        "claims": 1,
    }
    assert counted.by("agent")["anna"]["opened"] == 1
    assert {value: figures["opened"] for value, figures in counted.by("tag").items()} == {
        "payment": 1,
        "payment/card": 1,
    }


def test_a_tags_tickets_count_for_every_tag_above_it_once(counted: Counted) -> None:
    counted.hear_all([TicketLife().opens(tags=["payment/refund", "payment/card/lost"])])
    assert {value: figures["opened"] for value, figures in counted.by("tag").items()} == {
        "payment": 1,
        "payment/refund": 1,
        "payment/card": 1,
        "payment/card/lost": 1,
    }


@pytest.mark.parametrize(
    ("kind", "figure"),
    [(sla.TimerWarned, "warned"), (sla.TimerBreached, "breached"), (sla.TimerMet, "met")],
)
def test_a_timer_counts_when_it_happened(
    kind: type[sla.TimerWarned | sla.TimerBreached | sla.TimerMet], figure: str, counted: Counted
) -> None:
    target = sla.Target(
        ticket_id="t", channel="support", group="delivery", happened_at=stamp(MONDAY + timedelta(minutes=16))
    )
    fact = kind(target=target)
    counted.hear_all([(fact, enveloped(fact, "e", MONDAY + timedelta(hours=2)))])
    assert counted.by("group")["delivery"][figure] == 1
    (key,) = (key for key in counted.kept if key.by == "channel")
    assert key.minute * 60 == (MONDAY + timedelta(minutes=15)).timestamp()


def test_a_target_with_several_warnings_is_at_risk_once(counted: Counted) -> None:
    target = sla.Target(ticket_id="t", channel="support", happened_at=stamp(MONDAY))
    facts = [sla.TimerWarned(target=target, nth=nth) for nth in (1, 2, 3)]
    counted.hear_all([(fact, enveloped(fact, f"e{fact.nth}", MONDAY)) for fact in facts])
    assert counted.by("channel")["support"]["warned"] == 1


def test_what_is_ignored_quarantined_or_ruled_counts(counted: Counted) -> None:
    facts = [
        tickets.MessageIgnored(intake_id="i", reason="duplicate"),
        ingest.MessageQuarantined(intake_id="j", channel_id="support", quarantined_at=stamp(MONDAY)),
        rules.RulesApplied(event_id="t:1:0", ticket_id="t", channel="support"),
    ]
    counted.hear_all([(fact, enveloped(fact, str(n), MONDAY)) for n, fact in enumerate(facts)])
    total, support = counted.total, counted.by("channel")["support"]
    assert (total["ignored"], total["quarantined"], total["rules_applied"]) == (1, 1, 1)
    assert (support["ignored"], support["quarantined"], support["rules_applied"]) == (0, 1, 1)


def test_a_message_counts_in_the_quarter_in_which_it_was_written(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(14.9), life.hears(15.1)])
    quarters = {key.minute % 60: figures for key, figures in counted.kept.items() if key.by == "channel"}
    assert {minute: figures["messages_in"] for minute, figures in quarters.items()} == {0: 1, 15: 1}


def _promise(
    kind: type[sla.TimerBreached | sla.TimerMet],
    epoch: int,
    minutes: int,
    started: int = 0,
    agent: str = "anna",
) -> Told:
    target = sla.Target(
        ticket_id="t",
        name="next_reply",
        channel="support",
        agent=agent,
        started_at=stamp(MONDAY + timedelta(minutes=started)),
        happened_at=stamp(MONDAY + timedelta(minutes=minutes)),
        epoch=epoch,
    )
    fact = kind(target=target)
    return fact, enveloped(fact, f"t:next_reply:{epoch}", MONDAY + timedelta(hours=2))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_breach_is_taken_back_where_an_answer_in_time_was_heard_late(
    order: tuple[int, int], together: bool, counted: Counted
) -> None:
    told = [_promise(sla.TimerBreached, 1, 30, agent="boris"), _promise(sla.TimerMet, 2, 14)]
    batches = [[told[index] for index in order]] if together else [[told[index]] for index in order]
    for batch in batches:
        counted.hear_all(batch)
    assert (counted.total["breached"], counted.total["met"]) == (0, 1)
    assert all(row["breached"] == 0 for row in counted.kept.values())
    assert all(row["breached"] == 0 for row in counted.kept_minutes.values())


def test_a_breach_after_its_target_was_met_stands(counted: Counted) -> None:
    for told in (_promise(sla.TimerBreached, 3, 90), _promise(sla.TimerMet, 2, 14)):
        counted.hear_all([told])
    assert (counted.total["breached"], counted.total["met"]) == (1, 1)


def test_another_run_that_is_met_takes_nothing_back(counted: Counted) -> None:
    counted.hear_all([_promise(sla.TimerBreached, 1, 30), _promise(sla.TimerMet, 2, 70, started=60)])
    assert (counted.total["breached"], counted.total["met"]) == (1, 1)
