"""Each operator by examples, the mistakes by their paths, and what a condition needs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.conditions import (
    ALWAYS,
    Compiled,
    Condition,
    ConditionError,
    Field,
    Group,
    Kind,
    Need,
    Reading,
    Test,
    Value,
    compile_condition,
)
from chassis.operators import WrongOperand, forms

WORDS = {
    "subject": Field(Kind.TEXT),
    "status": Field(Kind.TEXT, ("new", "open", "pending")),
    "group": Field(Kind.TEXT),
    "tags": Field(Kind.LIST),
    "is_automatic": Field(Kind.FLAG),
    "messages": Field(Kind.NUMBER),
    "created_at": Field(Kind.MOMENT),
    "age": Field(Kind.DURATION),
}
TICKET: dict[str, Value] = {
    "subject": "Refund for PARCEL 17",
    "status": "open",
    "group": "",
    "tags": ("payment/refund", "VIP"),
    "is_automatic": False,
    "messages": 3,
    "created_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "age": timedelta(hours=26),
}
CHANGES = {"status": ("pending", "open")}


def reading(**other: Value) -> Reading:
    return Reading({**TICKET, **other}.get, CHANGES)


def holds(field: str, operator: str, *values: str, **other: Value) -> bool:
    return compile_condition(Test(field, operator, values), WORDS).holds(reading(**other))


@pytest.mark.parametrize(
    ("field", "operator", "values", "expected"),
    [
        ("subject", "is", ["refund for parcel 17"], True),
        ("subject", "is", ["refund"], False),
        ("subject", "is_not", ["refund"], True),
        ("status", "any_of", ["new", "open"], True),
        ("status", "none_of", ["new", "open"], False),
        ("subject", "contains", ["parcel", "refund"], True),
        ("subject", "contains", ["parcel", "letter"], False),
        ("subject", "contains_any", ["parcel", "letter"], True),
        ("subject", "contains_any", ["re{{turn||fund}}"], True),
        ("subject", "contains_none", ["letter"], True),
        ("subject", "contains_none", ["re{{turn||fund}}"], False),
        ("subject", "starts_with", ["return", "refund"], True),
        ("subject", "ends_with", [" {{16||17}}"], True),
        ("subject", "matches", [r"parcel \d+$"], True),
        ("subject", "matches", [r"^parcel"], False),
        ("group", "is_set", [], False),
        ("group", "is_not_set", [], True),
        ("tags", "is_set", [], True),
        ("tags", "contains", ["vip"], True),
        ("tags", "contains", ["vip", "payment"], False),
        ("tags", "contains_any", ["payment", "vip"], True),
        ("tags", "any_of", ["payment"], False),
        ("tags", "contains_none", ["payment"], True),
        ("tags", "none_of", ["vip"], False),
        ("tags", "subtree", ["payment"], True),
        ("tags", "subtree", ["payment/*"], True),
        ("tags", "subtree", ["pay"], False),
        ("tags", "subtree", ["payment/refund"], True),
        ("tags", "matches", ["^v.p$"], True),
        ("is_automatic", "is", ["false"], True),
        ("is_automatic", "is_not", ["false"], False),
        ("messages", "is", ["3"], True),
        ("messages", "greater", ["2.5"], True),
        ("messages", "less", ["3"], False),
        ("created_at", "before", ["2026-03-01T10:00:00+01:00"], False),
        ("created_at", "before", ["2026-03-01T10:00:01+01:00"], True),
        ("created_at", "after", ["2026-03-01T08:59:59Z"], True),
        ("age", "within", ["26h"], True),
        ("age", "within", ["1d 1h 59m 59s"], False),
        ("age", "older_than", ["1d"], True),
        ("age", "older_than", ["1d2h"], False),
        ("age", "older_than", ["1w"], False),
        ("age", "within", ["1 d 121 min"], True),
        ("status", "changed", [], True),
        ("group", "changed", [], False),
        ("status", "changed_from", ["pending"], True),
        ("status", "changed_to", ["new", "open"], True),
        ("status", "changed_to", ["pending"], False),
    ],
)
def test_an_operator_answers_as_its_name_says(
    field: str, operator: str, values: list[str], expected: bool
) -> None:
    assert holds(field, operator, *values) is expected


def test_case_makes_no_difference_in_any_script() -> None:
    assert holds("subject", "contains", "ПОСЫЛК{{а||у}}", subject="Потерял посылку")
    assert holds("subject", "matches", "ПОСЫЛК[ау]", subject="Потерял посылку")


def test_groups_join_by_all_any_and_none() -> None:
    yes, no = Test("status", "is", ("open",)), Test("status", "is", ("new",))

    def joined(condition: Condition) -> bool:
        return compile_condition(condition, WORDS).holds(reading())

    assert joined(Group("all", (yes, Group("any", (no, yes)), Group("none", (no, no)))))
    assert not joined(Group("all", (yes, no)))
    assert not joined(Group("none", (no, yes)))
    assert joined(ALWAYS)
    assert joined(Group("none"))
    assert not joined(Group("any"))


def test_a_trace_tells_what_every_test_saw_even_after_the_one_that_decided() -> None:
    condition = Group("all", (Test("status", "is", ("new",)), Test("status", "changed_to", ("open",))))
    first, second = compile_condition(condition, WORDS).trace(reading())
    assert (first.field, first.expected, first.actual, first.holds) == ("status", ("new",), "open", False)
    assert (second.actual, second.holds) == ("pending -> open", True)


def test_a_trace_cuts_long_texts_short() -> None:
    (seen,) = compile_condition(Test("subject", "is_set"), WORDS).trace(reading(subject="x" * 5_000))
    assert len(seen.actual) == 200


def test_a_field_that_was_changed_meanwhile_is_read_again() -> None:
    values = dict(TICKET)
    now = Reading(values.get)
    asks = compile_condition(Test("group", "is", ("claims",)), WORDS)
    assert not asks.holds(now)
    values["group"] = "claims"
    now.forget("group")
    assert asks.holds(now)


@pytest.mark.parametrize(
    ("condition", "path", "says"),
    [
        (Test("colour", "is", ("red",)), "condition.test.field", "a known field"),
        (Test("status", "above", ("red",)), "condition.test.operator", "is, is_not"),
        (Test("tags", "is", ("red",)), "condition.test.operator", "for tags, which is a list"),
        (Test("status", "is", ()), "condition.test.values", "one value"),
        (Test("status", "is_set", ("x",)), "condition.test.values", "takes none"),
        (Test("status", "is", ("opne",)), "condition.test.values[0]", "one of new, open, pending"),
        (Test("subject", "contains", ("",)), "condition.test.values[0]", "not empty"),
        (Test("subject", "contains", ("a", "{{b||c")), "condition.test.values[1]", "{{one||other}}"),
        (Test("subject", "matches", ("a", "(b")), "condition.test.values[1]", "missing"),
        (Test("subject", "matches", (r"(?=a)",)), "condition.test.values[0]", "RE2"),
        (Test("messages", "greater", ("many",)), "condition.test.values[0]", "a number"),
        (Test("messages", "less", ("nan",)), "condition.test.values[0]", "a finite number"),
        (Test("created_at", "before", ("2026-01-01",)), "condition.test.values[0]", "offset"),
        (Test("is_automatic", "is", ("yes",)), "condition.test.values[0]", "true or false"),
        (Test("subject", "is", ("x" * 3_000,)), "condition.test.values[0]", "characters"),
    ],
)
def test_a_mistake_is_named_by_its_path(condition: Test, path: str, says: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        compile_condition(condition, WORDS)
    assert refusal.value.path == path
    assert says in refusal.value.expected


def test_a_mistake_deep_inside_is_named_by_its_whole_path() -> None:
    condition = Group("all", (Test("status", "is_set"), Group("any", (Test("colour", "is_set"),))))
    with pytest.raises(ConditionError) as refusal:
        compile_condition(condition, WORDS)
    assert refusal.value.path == "condition.all.conditions[1].any.conditions[0].test.field"


def test_conditions_are_not_nested_without_end() -> None:
    condition: Condition = Test("status", "is_set")
    for _ in range(11):
        condition = Group("all", (condition,))
    with pytest.raises(ConditionError):
        compile_condition(condition, WORDS)


def test_word_forms_multiply_but_not_without_end() -> None:
    assert forms("{{a||b}}-{{c||d}}") == ("a-c", "a-d", "b-c", "b-d")
    with pytest.raises(WrongOperand):
        forms("{{a||b||c||d||e||f||g||h||i||j}}" * 4)


def test_a_pattern_that_would_explode_elsewhere_is_linear_here() -> None:
    assert not holds("subject", "matches", r"^(a+)+$", subject="a" * 50_000 + "!")


def needs(condition: Condition) -> set[Need]:
    return set(compile_condition(condition, WORDS).needs)


def test_what_a_condition_needs_is_known() -> None:
    of_status = Test("status", "any_of", ("New", "open"))
    of_subject = Test("subject", "contains_any", ("re{{a||b}}",))
    assert needs(Group("all", (of_status, of_subject, Test("group", "is_not", ("x",))))) == {
        Need("status", "is", frozenset({"new", "open"})),
        Need("subject", "contains", frozenset({"rea", "reb"})),
    }
    assert needs(Group("any", (of_status, of_subject))) == set()
    assert needs(Group("none", (of_status,))) == set()
    assert needs(Group("any", (Test("tags", "contains", ("a", "b")), Test("tags", "any_of", ("c",))))) == {
        Need("tags", "has", frozenset({"a", "c"}))
    }


tests = st.one_of(
    st.builds(
        Test,
        st.just("subject"),
        st.sampled_from(
            ["is", "any_of", "contains", "contains_any", "starts_with", "ends_with", "contains_none"]
        ),
        st.tuples(st.text("ab", min_size=1, max_size=3)),
    ),
    st.builds(
        Test,
        st.just("tags"),
        st.sampled_from(["contains", "any_of", "none_of", "subtree"]),
        st.tuples(st.sampled_from("xyz")),
    ),
)
conditions = st.recursive(
    tests,
    lambda parts: st.builds(
        Group, st.sampled_from(["all", "any", "none"]), st.lists(parts, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def met(need: Need, now: Reading) -> bool:
    if need.how == "is":
        return now.text(need.field) in need.values
    if need.how == "has":
        return not need.values.isdisjoint(now.texts(need.field))
    return any(value in now.text(need.field) for value in need.values)


@given(conditions, st.text("abAB", max_size=5), st.lists(st.sampled_from("xyz"), max_size=2))
def test_a_condition_never_holds_without_all_it_needs(
    condition: Condition, subject: str, tags: list[str]
) -> None:
    now = reading(subject=subject, tags=tuple(tags))
    compiled: Compiled = compile_condition(condition, WORDS)
    if compiled.holds(now):
        assert all(met(need, now) for need in compiled.needs)
