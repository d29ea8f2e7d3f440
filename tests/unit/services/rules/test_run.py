"""What the rules make of an event."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.conditions import Group, Test
from chassis.errors import InvalidFields
from relaydesk.tickets.v1 import ticket_pb2
from services.rules.adapters.wire import message_of
from services.rules.application.vocabulary import find_read, vocabulary
from services.rules.domain.heard import AddEntry, AddTag, Heard, RemoveTag, SetField, Step
from services.rules.domain.rule import compile_rule
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Memory, Verdict, explain, run_rules
from services.rules.domain.view import View
from tests.heard_facts import MONDAY, TICKET, a_rule, a_set, changed, opened

REPLY = ("reply", {"text": "Dear {{ requester.name }}, your ticket is #{{ ticket.number }}."})


def run(rules: RuleSet, heard: Heard, memory: Memory = Memory()) -> Verdict:  # noqa: B008 - frozen
    return run_rules(rules, heard, find_read, memory)


def matched(verdict: Verdict) -> list[str]:
    return [match.rule.rule.rule_id for match in verdict.matches]


def held_back(verdict: Verdict) -> list[tuple[str, str]]:
    return [(one.rule.rule_id, reason) for one, reason in verdict.held_back]


def steps(verdict: Verdict) -> list[Step]:
    return [step for match in verdict.matches for step in match.steps]


def test_a_rule_that_holds_decides_its_steps() -> None:
    rules = a_set(
        a_rule(
            "claims",
            ("set_group", {"group": "g2"}),
            ("add_tag", {"tag": "Claim"}),
            when=("subject", "contains", "parcel"),
        )
    )
    assert steps(run(rules, opened())) == [SetField("group", "g2"), AddTag("claim")]
    assert matched(run(rules, opened(subject="Hello"))) == []


def test_what_is_so_already_needs_no_step() -> None:
    rules = a_set(a_rule("calm", ("set_priority", {"priority": "medium"}), ("remove_tag", {"tag": "vip"})))
    verdict = run(rules, opened())
    assert matched(verdict) == ["calm"]
    assert steps(verdict) == []


def test_rules_run_by_position_and_then_by_name() -> None:
    rules = a_set(a_rule("b", position=1), a_rule("a", position=1), a_rule("z", position=0))
    assert matched(run(rules, opened())) == ["z", "a", "b"]


def test_a_later_rule_sees_what_an_earlier_one_decided() -> None:
    rules = a_set(
        a_rule("first", ("set_group", {"group": "g2"}), ("add_tag", {"tag": "payment/refund"}), position=1),
        a_rule(
            "second",
            position=2,
            when=Group("all", (Test("group", "is", ("g2",)), Test("tags", "subtree", ("payment",)))),
        ),
        a_rule("third", ("remove_tag", {"tag": "payment/*"}), position=3),
        a_rule("fourth", position=4, when=("tags", "subtree", "payment")),
    )
    verdict = run(rules, opened())
    assert matched(verdict) == ["first", "second", "third"]
    assert steps(verdict)[-1] == RemoveTag("payment/*")


def test_a_rule_that_stops_is_the_last() -> None:
    rules = a_set(a_rule("a", stop=True), a_rule("b"))
    verdict = run(rules, opened())
    assert (matched(verdict), verdict.stopped_by) == (["a"], "a")


def test_a_disabled_rule_does_nothing() -> None:
    assert matched(run(a_set(a_rule("a", enabled=False)), opened())) == []


def test_a_rule_hears_only_its_events() -> None:
    rules = a_set(a_rule("a", events=("ticket_changed",)), a_rule("b", events=("requester_wrote",)))
    assert matched(run(rules, opened())) == ["b"]
    assert matched(run(rules, changed({"status": ("new", "open")}))) == ["a"]


def test_a_rule_runs_once_in_a_chain() -> None:
    rules = a_set(a_rule("a"), a_rule("b"))
    verdict = run(rules, opened(), Memory(ran={"a"}))
    assert (matched(verdict), held_back(verdict)) == (["b"], [("a", "already_ran")])


def test_a_rule_never_hears_what_it_did_itself_but_others_do() -> None:
    rules = a_set(a_rule("a", events=("ticket_changed",)), a_rule("b", events=("ticket_changed",)))
    verdict = run(rules, changed({"status": ("new", "open")}, actor="rule", actor_id="a"))
    assert (matched(verdict), held_back(verdict)) == (["b"], [("a", "already_ran")])


def test_a_chain_ends_after_ten_steps() -> None:
    rules = a_set(a_rule("a", events=("ticket_changed",)))
    assert matched(run(rules, changed({}, depth=10))) == ["a"]
    assert held_back(run(rules, changed({}, depth=11))) == [("a", "depth")]


def test_an_answer_is_filled_in() -> None:
    (entry,) = steps(run(a_set(a_rule("hello", REPLY)), opened()))
    assert entry == AddEntry("public", "Dear Ana, your ticket is #48001.")


def test_automatic_mail_gets_no_answer_but_everything_else() -> None:
    rules = a_set(a_rule("hello", REPLY), a_rule("sorted", REPLY, ("add_tag", {"tag": "mail"})))
    verdict = run(rules, opened(is_automatic=True))
    assert held_back(verdict) == [("hello", "automatic_mail")]
    assert steps(verdict) == [AddTag("mail")]
    assert verdict.matches[0].reason == "automatic_mail"


@pytest.mark.parametrize("flag", ["suppress_answer", "own_address", "too_many_hops", "spam"])
def test_mail_that_wants_no_automatic_answer_gets_none_but_everything_else(flag: str) -> None:
    heard = opened()
    heard.message = message_of(ticket_pb2.Message(id="m1", text="Hello", visibility="public", flags=[flag]))
    verdict = run(a_set(a_rule("sorted", REPLY, ("add_tag", {"tag": "mail"}))), heard)
    assert steps(verdict) == [AddTag("mail")]
    assert verdict.matches[0].reason == "answer_unwanted"


def test_a_rule_takes_for_spam_and_those_behind_it_do_not_answer() -> None:
    rules = a_set(
        a_rule("casino", ("mark_spam", {}), when=("subject", "contains", "parcel")), a_rule("hello", REPLY)
    )
    verdict = run(rules, opened())
    assert steps(verdict) == [SetField("status", "spam")]
    assert held_back(verdict) == [("hello", "answer_unwanted")]


def test_spam_is_asked_for_by_rules() -> None:
    rules = a_set(a_rule("spam", ("add_tag", {"tag": "x"}), when=("is_spam", "is", "true")))
    assert matched(run(rules, opened(status="spam"))) == ["spam"]
    assert matched(run(rules, opened())) == []


def test_a_rule_answers_once_for_a_ticket() -> None:
    assert held_back(run(a_set(a_rule("hello", REPLY)), opened(), Memory(answered={"hello"}))) == [
        ("hello", "already_answered")
    ]


def test_an_address_gets_no_more_answers_than_are_left() -> None:
    rules = a_set(a_rule("a", REPLY), a_rule("b", REPLY))
    verdict = run(rules, opened(), Memory(answers_left=1))
    assert (matched(verdict), held_back(verdict)) == (["a"], [("b", "too_many_answers")])


def test_fields_of_the_form_are_asked_for_by_name() -> None:
    rules = a_set(
        a_rule("set", ("add_tag", {"tag": "x"}), when=("fields.order", "starts_with", "A-")),
    )
    assert matched(run(rules, opened(fields={"order": "a-17"}))) == ["set"]
    assert matched(run(rules, opened())) == []


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("text", "contains", "help"),
        ("sender", "is", "ANA@example.org"),
        ("sender_domain", "is", "example.org"),
        ("sender_name", "is", "ana"),
        ("channel", "is", "support"),
        ("channel_kind", "is", "email"),
        ("mailbox", "starts_with", "support@"),
        ("status", "is", "new"),
        ("priority", "is", "medium"),
        ("visibility", "is", "public"),
        ("actor", "is", "requester"),
        ("is_automatic", "is", "false"),
        ("reopen_count", "less", "1"),
        ("message_count", "is", "0"),
        ("created_at", "after", "2026-03-01T00:00:00Z"),
    ],
)
def test_each_field_reads_what_it_says(field: str, operator: str, value: str) -> None:
    rules = a_set(a_rule("a", when=(field, operator, value)))
    assert matched(run(rules, opened())) == ["a"]


def test_an_explanation_says_what_every_test_of_every_rule_saw() -> None:
    rules = a_set(
        a_rule("off", enabled=False, position=0),
        a_rule("no", when=("subject", "contains", "invoice"), position=1),
        a_rule("yes", ("set_group", {"group": "g2"}), stop=True, position=2),
        a_rule("behind", when=("group", "is", "g2"), position=3),
        a_rule("elsewhere", events=("ticket_changed",)),
    )
    heard = opened()
    verdict = run(rules, heard)
    traces = list(explain(rules, heard, find_read, {"yes": ("", ("set_group",))}, {}))
    assert [(t.rule.rule.rule_id, t.outcome, t.reason) for t in traces] == [
        ("off", "held_back", "disabled"),
        ("no", "not_matched", ""),
        ("yes", "matched", ""),
        ("behind", "held_back", "stopped_by:yes"),
    ]
    assert (traces[1].tests[0].actual, traces[1].tests[0].holds) == ("Where is my parcel?", False)
    assert traces[3].tests[0].actual == "g2"
    assert matched(verdict) == ["yes"]


tests = st.one_of(
    st.builds(
        Test,
        st.sampled_from(["subject", "text", "sender", "group"]),
        st.sampled_from(["is", "contains", "any_of", "contains_any", "starts_with", "none_of"]),
        st.tuples(st.text("abcd", min_size=1, max_size=4)),
    ),
    st.builds(Test, st.just("channel"), st.just("is"), st.sampled_from([("support",), ("other",)])),
)
conditions = st.recursive(
    tests,
    lambda parts: st.builds(
        Group, st.sampled_from(["all", "any", "none"]), st.lists(parts, max_size=3).map(tuple)
    ),
    max_leaves=5,
)


@given(st.lists(conditions, max_size=12), st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_the_index_leaves_out_no_rule_that_holds(found: list[Test | Group], subject: str, text: str) -> None:
    rules = a_set(*(a_rule(f"r{n:02}", when=condition) for n, condition in enumerate(found)))
    heard = opened(text, subject=subject)
    view = View(heard, find_read)
    expected = [one.rule.rule_id for one in rules.rules if one.asks.holds(view)]
    verdict = run(rules, heard)
    assert matched(verdict) == expected


def test_a_thousand_rules_are_not_asked_one_by_one() -> None:
    noise = [
        a_rule(f"word-{n}", when=Group("all", (Test("text", "contains_any", (f"phrase number {n:04}",)),)))
        for n in range(500)
    ]
    noise += [a_rule(f"sender-{n}", when=("sender", "is", f"a{n}@example.org")) for n in range(500)]
    rules = a_set(*noise, a_rule("mine", when=("sender_domain", "is", "example.org")))
    verdict = run(rules, opened("Nothing of this, but phrase number 0042."))
    assert verdict.evaluated == 2
    assert sorted(matched(verdict)) == ["mine", "word-42"]


def test_the_view_reads_a_changed_field_again() -> None:
    view = View(opened(), find_read)
    assert view.text("group") == ""
    view.apply(SetField("group", "G2"))
    assert view.text("group") == "g2"
    assert view.heard.ticket == TICKET


def test_a_rule_looks_only_at_what_happened_in_its_season() -> None:
    before, after = MONDAY - timedelta(seconds=1), MONDAY + timedelta(seconds=1)
    rules = a_set(
        a_rule("now", active_from=MONDAY, active_until=after),
        a_rule("soon", active_from=after),
        a_rule("over", active_until=MONDAY),
        a_rule("since", active_from=before),
    )
    verdict = run_rules(rules, opened(), find_read, Memory())
    assert [match.rule.rule.rule_id for match in verdict.matches] == ["now", "since"]
    told = {
        trace.rule.rule.rule_id: (trace.outcome, trace.reason)
        for trace in explain(rules, opened(), find_read, {}, {})
    }
    assert told["soon"] == told["over"] == ("held_back", "out_of_season")


def test_a_season_must_begin_before_it_ends() -> None:
    with pytest.raises(InvalidFields, match=r"rule\.active_until"):
        compile_rule(a_rule("a", active_from=MONDAY, active_until=MONDAY), vocabulary())
