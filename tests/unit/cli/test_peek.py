from bus.v1.bundle_pb2 import Bundle, Envelope
from cli.peek import described
from relaydesk.tickets.v1 import events_pb2


def test_a_bundle_is_shown_fact_by_fact() -> None:
    fact = events_pb2.MessageIgnored(intake_id="i1", reason="loop")
    name = "relaydesk.tickets.v1.MessageIgnored"
    bundle = Bundle(
        events=[Envelope(event_id=f"e{n}", type=name, body=fact.SerializeToString()) for n in range(2)]
    )
    shown = list(described(bundle.SerializeToString(), {"application_headers": {"reason": "KeyError: x"}}))
    assert [one["event_id"] for one in shown] == ["e0", "e1"]
    assert shown[0]["body"] == {"intake_id": "i1", "reason": "loop"}
    assert shown[0]["headers"] == {"reason": "KeyError: x"}


def test_a_fact_of_an_unknown_type_says_so() -> None:
    bundle = Bundle(events=[Envelope(event_id="e", type="some.Thing", body=b"123")])
    (shown,) = described(bundle.SerializeToString(), {})
    assert shown["body"] == "3 bytes that are no some.Thing"


def test_what_is_no_bundle_is_shown_as_text() -> None:
    (job,) = described(b'[["m1"], {}]', {})
    assert job["body"] == [["m1"], {}]
    (junk,) = described(b"\xff\xfe plain", {})
    assert junk["body"] == "\\xff\\xfe plain"
