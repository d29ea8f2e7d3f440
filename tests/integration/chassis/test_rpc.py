import asyncio
import io
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
from grpc_status import rpc_status

from chassis import rpc, telemetry
from chassis.errors import (
    Conflict,
    InvalidField,
    InvalidFields,
    NotFound,
    PermissionDenied,
    TooBusy,
    Unauthenticated,
    Unavailable,
)
from chassis.rpc import RpcServer
from chassis.telemetry import Metrics
from chassis.telemetry.logs import configure_logs
from chassis.tokens import CachedAuthenticator, Principal
from tests.fakes.echo import SERVICE, EchoStub, add_echo_to_server
from tests.fakes.otlp import otlp_receiver
from tests.waiting import MINUTE, wait_until

SECOND = timedelta(seconds=1)
TOKENS = {
    "agent": Principal("t1", "agent", "a1", "Ann"),
    "reader": Principal("t2", "read_only"),
    "editor": Principal("t3", "read_only", rights=frozenset({"echoes"})),
}
EVERYBODY = frozenset({"agent", "read_only", "system"})
OPEN = {f"{SERVICE}/{method}": EVERYBODY for method in ("Say", "Repeat", "Join")}


def text(value: str) -> StringValue:
    return StringValue(value=value)


class Echo:
    """Answers what it is told; `say` does something else for a test."""

    def __init__(self, say: Callable[[str], str] = str) -> None:
        self.say = say
        self.ended: list[str] = []

    def Say(self, request: StringValue, context: Any) -> StringValue:  # noqa: N802
        return text(self.say(request.value))

    async def Repeat(self, request: StringValue, context: Any) -> AsyncIterator[StringValue]:  # noqa: N802
        try:
            for number in range(1_000_000):
                if request.value == "fail":
                    raise NotFound("nothing to repeat")
                yield text(f"{request.value} {number} {rpc.call().principal.name}")
                await asyncio.sleep(0.01 if number else 0)
                if request.value == "twice" and number == 1:
                    return
        finally:
            self.ended.append(request.value)

    async def Join(self, request: AsyncIterator[StringValue], context: Any) -> StringValue:  # noqa: N802
        words = [word.value async for word in request]
        if words == ["fail"]:
            raise InvalidField("word", "a word")
        return text(" ".join(words))


class Running:
    def __init__(self, server: RpcServer, metrics: Metrics, echo: Echo) -> None:
        self.server = server
        self.metrics = metrics
        self.echo = echo
        self.address = f"127.0.0.1:{server.port}"
        self._channels: list[grpc.Channel] = []

    def stub(self, token: str = "agent", **more: Any) -> EchoStub:
        channel = rpc.channel(self.address, token, **{"deadline": MINUTE, **more})
        self._channels.append(channel)
        return EchoStub(channel)

    def raw(self) -> grpc.Channel:
        channel = grpc.insecure_channel(self.address)
        self._channels.append(channel)
        return channel

    def handled(self, method: str, code: str) -> float:
        labels = {"grpc_service": SERVICE, "grpc_method": method, "grpc_code": code}
        return self.metrics.registry.get_sample_value("grpc_server_handled_total", labels) or 0

    def close(self) -> None:
        for channel in self._channels:
            channel.close()


@contextmanager
def serving(
    echo: Echo | None = None, *, port: int = 0, access: rpc.Access = OPEN, **more: Any
) -> Iterator[Running]:
    metrics = Metrics("shop")
    echo = echo or Echo()
    authenticate = CachedAuthenticator(TOKENS.get, internal_token="inside")
    server = RpcServer(port, metrics, authenticate, access, host="127.0.0.1", **more)
    server.add(add_echo_to_server, echo)
    server.start()
    running = Running(server, metrics, echo)
    try:
        yield running
    finally:
        running.close()
        server.stop(timedelta(milliseconds=500))


def test_a_call_is_answered_and_counted() -> None:
    with serving() as running:
        assert running.server.is_ready()
        assert running.stub().Say(text("hello")).value == "hello"
        wait_until(lambda: running.handled("Say", "OK") == 1)
        labels = {"grpc_service": SERVICE, "grpc_method": "Say"}
        assert running.metrics.registry.get_sample_value("grpc_server_handling_seconds_count", labels) == 1


def test_a_handler_knows_who_asks_and_for_how_long() -> None:
    def describe(_: str) -> str:
        left = rpc.call().time_left()
        assert left is not None
        return f"{rpc.call().principal.name} {rpc.call().method} {left < timedelta(seconds=31)}"

    with serving(Echo(describe)) as running:
        assert running.stub().Say(text(""), timeout=30).value == f"Ann {SERVICE}/Say True"


def test_a_call_without_a_deadline_leaves_any_time() -> None:
    with serving(Echo(lambda _: str(rpc.call().time_left()))) as running:
        say = EchoStub(running.raw()).Say
        assert say(text(""), metadata=[("authorization", "bearer agent")]).value == "None"


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Bearer nobody"),),
        (("authorization", "agent"),),
        (("authorization", "Basic YTpi"),),
    ],
)
def test_who_brings_no_known_token_is_unauthenticated(metadata: Any) -> None:
    with serving() as running, pytest.raises(grpc.RpcError) as refused:
        EchoStub(running.raw()).Say(text("hello"), metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "token" in (refused.value.details() or "")
    wait_until(lambda: running.handled("Say", "UNAUTHENTICATED") == 1)


def test_a_role_may_do_what_the_table_says() -> None:
    with serving(access={**OPEN, f"{SERVICE}/Say": frozenset({"agent"})}) as running:
        assert running.stub("agent").Say(text("hello")).value == "hello"
        with pytest.raises(PermissionDenied, match="not open to the role 'read_only'"):
            running.stub("reader").Say(text("hello"))


def test_a_right_opens_what_the_role_does_not() -> None:
    with serving(access={**OPEN, f"{SERVICE}/Say": frozenset({"agent", "echoes"})}) as running:
        assert running.stub("editor").Say(text("hello")).value == "hello"
        with pytest.raises(PermissionDenied):
            running.stub("reader").Say(text("hello"))


def test_a_method_that_is_not_in_the_table_is_nobodys() -> None:
    with serving(access={f"{SERVICE}/Join": EVERYBODY}) as running:
        with pytest.raises(PermissionDenied):
            running.stub("inside").Say(text("hello"))
        with pytest.raises(PermissionDenied):
            list(running.stub("inside").Repeat(text("hello")))


def test_access_to_an_unknown_method_is_a_mistake_told_at_the_start() -> None:
    server = RpcServer(0, Metrics("shop"), TOKENS.get, {f"{SERVICE}/Sya": EVERYBODY}, host="127.0.0.1")
    server.add(add_echo_to_server, Echo())
    with pytest.raises(ValueError, match=f"{SERVICE}/Sya"):
        server.start()


def test_the_internal_token_is_the_system() -> None:
    with serving(Echo(lambda _: rpc.call().principal.role)) as running:
        assert running.stub("inside").Say(text("")).value == "system"


def test_a_call_may_bring_another_token_than_its_channel() -> None:
    with serving(Echo(lambda _: rpc.call().principal.role)) as running:
        stub = running.stub("inside")
        assert stub.Say(text(""), metadata=[("authorization", "Bearer reader")]).value == "read_only"


def test_a_token_that_cannot_be_checked_now_is_no_refusal() -> None:
    def away(_: str) -> Principal | None:
        raise Unavailable("the database")

    server = RpcServer(0, Metrics("shop"), away, OPEN, host="127.0.0.1")
    server.add(add_echo_to_server, Echo())
    server.start()
    with (
        rpc.channel(f"127.0.0.1:{server.port}", "agent", deadline=MINUTE) as channel,
        pytest.raises(Unavailable),
    ):
        EchoStub(channel).Say(text(""))
    server.stop(SECOND)


def test_a_refusal_reaches_the_caller_as_it_was_raised() -> None:
    def refuse(which: str) -> str:
        raise {"missing": NotFound("no ticket 4"), "moved": Conflict("the ticket moved on")}[which]

    with serving(Echo(refuse)) as running:
        with pytest.raises(NotFound, match="no ticket 4"):
            running.stub().Say(text("missing"))
        with pytest.raises(Conflict, match="moved on"):
            running.stub().Say(text("moved"))
        wait_until(lambda: running.handled("Say", "ABORTED") == 1)


def test_a_wrong_field_is_named_as_google_does() -> None:
    def refuse(_: str) -> str:
        raise InvalidFields(
            [InvalidField("priority", "one of low, high", "huge"), InvalidField("тема", "слово")]
        )

    with serving(Echo(refuse)) as running, pytest.raises(grpc.RpcError) as refused:
        EchoStub(running.raw()).Say(text(""), metadata=[("authorization", "Bearer agent")])
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(refused.value)
    bad = BadRequest()
    assert status.details[0].Unpack(bad)
    assert [(one.field, one.description) for one in bad.field_violations] == [
        ("priority", "expected one of low, high, got 'huge'"),
        ("тема", "expected слово"),
    ]


@pytest.mark.parametrize("method", ["Say", "Repeat"])
def test_bytes_that_are_no_request_are_the_callers_mistake(method: str) -> None:
    with serving() as running:
        channel: Any = running.raw()
        call = (channel.unary_stream if method == "Repeat" else channel.unary_unary)(f"/{SERVICE}/{method}")

        def ask(*metadata: tuple[str, str]) -> grpc.StatusCode:
            with pytest.raises(grpc.RpcError) as refused:
                list(call(b"\x0a\xff", metadata=metadata, timeout=60))
            return refused.value.code()

        assert ask(("authorization", "Bearer agent")) is grpc.StatusCode.INVALID_ARGUMENT
        assert ask() is grpc.StatusCode.UNAUTHENTICATED
        assert running.stub().Say(text("next")).value


def test_too_busy_says_when_to_come_back() -> None:
    def refuse(_: str) -> str:
        raise TooBusy(timedelta(seconds=3))

    with serving(Echo(refuse)) as running, pytest.raises(grpc.RpcError) as refused:
        EchoStub(running.raw()).Say(text(""), metadata=[("authorization", "Bearer agent")])
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info = RetryInfo()
    assert rpc_status.from_call(refused.value).details[0].Unpack(info)
    assert info.retry_delay.seconds == 3


def test_what_nobody_foresaw_is_told_to_the_log_and_not_to_the_caller() -> None:
    def fail(_: str) -> str:
        raise ValueError("a secret")

    log = io.BytesIO()
    configure_logs({}, "info", log)
    with serving(Echo(fail)) as running, pytest.raises(grpc.RpcError) as failed:
        running.stub().Say(text(""))
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    details = failed.value.details() or ""
    assert "secret" not in details
    line = json.loads(log.getvalue().splitlines()[0])
    assert line["event"] == "rpc_failed"
    assert line["error"] == "a secret"
    assert line["incident"] in details


def test_a_services_own_refusals_have_a_table() -> None:
    class Closed(Exception):
        pass

    def refuse(_: str) -> str:
        raise Closed("this ticket is closed")

    with serving(Echo(refuse), refusals={Closed: Conflict}) as running:
        say = running.stub().Say
        with pytest.raises(Conflict, match="this ticket is closed"):
            say(text(""))


def test_plain_handlers_run_beside_each_other() -> None:
    together = threading.Barrier(4, timeout=60)
    with serving(Echo(lambda _: str(together.wait() >= 0)), threads=4) as running:
        stub = running.stub()
        answers = [stub.Say.future(text("")) for _ in range(4)]
        assert [answer.result().value for answer in answers] == ["True"] * 4


def test_more_calls_than_the_limit_are_refused_at_once() -> None:
    leave = threading.Event()

    def wait(_: str) -> str:
        leave.wait(60)
        return "done"

    with serving(Echo(wait), threads=1, max_calls=2) as running:
        stub = running.stub()
        taken = [stub.Say.future(text("")) for _ in range(2)]
        wait_until(lambda: running.server._answering._workers.pending == 2)
        with pytest.raises(TooBusy):
            stub.Say(text(""))
        leave.set()
        assert [answer.result().value for answer in taken] == ["done", "done"]
        assert stub.Say(text("")).value == "done"


def test_who_has_given_up_is_not_served_any_more() -> None:
    served: list[str] = []
    leave = threading.Event()

    def wait(what: str) -> str:
        served.append(what)
        leave.wait(60)
        return what

    with serving(Echo(wait), threads=1) as running:
        stub = running.stub()
        first = stub.Say.future(text("first"))
        wait_until(lambda: served == ["first"])
        with pytest.raises(Unavailable):
            stub.Say(text("second"), timeout=2)
        wait_until(
            lambda: running.handled("Say", "CANCELLED") + running.handled("Say", "DEADLINE_EXCEEDED") == 1
        )
        leave.set()
        first.result()
        assert stub.Say(text("third")).value == "third"
    assert served == ["first", "third"]


def test_a_stream_goes_on_until_its_handler_ends() -> None:
    with serving() as running:
        assert [one.value for one in running.stub().Repeat(text("twice"))] == ["twice 0 Ann", "twice 1 Ann"]
        wait_until(lambda: running.handled("Repeat", "OK") == 1)


def test_a_stream_ends_when_its_caller_leaves() -> None:
    with serving() as running:
        stream = running.stub().Repeat(text("long"))
        assert next(stream).value == "long 0 Ann"
        stream.cancel()
        for _ in stream:
            pass
        wait_until(lambda: running.echo.ended == ["long"])
        wait_until(lambda: running.handled("Repeat", "CANCELLED") == 1)


def test_a_stream_can_be_refused_on_the_way() -> None:
    with serving() as running:
        with pytest.raises(NotFound, match="nothing to repeat"):
            list(running.stub().Repeat(text("fail")))
        with pytest.raises(Unauthenticated):
            list(running.stub("nobody").Repeat(text("twice")))


def test_many_streams_do_not_stop_calls() -> None:
    with serving(threads=2, max_streams=50) as running:
        stub = running.stub()
        streams = [stub.Repeat(text("long")) for _ in range(50)]
        for stream in streams:
            next(stream)
        assert running.metrics.registry.get_sample_value("shop_rpc_streams") == 50
        assert stub.Say(text("hello")).value == "hello"
        with pytest.raises(TooBusy):
            next(stub.Repeat(text("one too many")))
        for stream in streams:
            stream.cancel()
        wait_until(lambda: running.metrics.registry.get_sample_value("shop_rpc_streams") == 0)


def test_a_stream_of_requests_is_taken_in() -> None:
    with serving() as running:
        stub = running.stub()
        assert stub.Join(iter([text("hello"), text("world")])).value == "hello world"
        with pytest.raises(InvalidFields, match="word"):
            stub.Join(iter([text("fail")]))


def test_a_plain_handler_that_streams_is_refused_at_registration() -> None:
    class Blocking(Echo):
        def Repeat(self, request: StringValue, context: Any) -> Any:  # noqa: N802
            yield request

    server = RpcServer(0, Metrics("shop"), TOKENS.get, OPEN, host="127.0.0.1")
    with pytest.raises(TypeError, match="Repeat streams and must be async"):
        server.add(add_echo_to_server, Blocking())


def test_health_and_reflection_need_no_token() -> None:
    with serving() as running:
        channel = running.raw()
        check = HealthStub(channel).Check
        for service in ("", SERVICE, rpc.LIVENESS):
            assert check(HealthCheckRequest(service=service)).status == HealthCheckResponse.SERVING
        listed = ServerReflectionStub(channel).ServerReflectionInfo(
            iter([ServerReflectionRequest(list_services="")])
        )
        names = [one.name for one in next(listed).list_services_response.service]
        assert SERVICE in names


def test_a_stop_says_so_first_then_lets_calls_finish_and_sends_streams_elsewhere() -> None:
    entered, leave = threading.Event(), threading.Event()

    def wait(_: str) -> str:
        entered.set()
        leave.wait(60)
        return "done"

    with serving(Echo(wait)) as running:
        stub = running.stub()
        watch = HealthStub(running.raw()).Watch(HealthCheckRequest(service=SERVICE))
        assert next(watch).status == HealthCheckResponse.SERVING
        stream = stub.Repeat(text("long"))
        next(stream)
        answer = stub.Say.future(text(""))
        assert entered.wait(60)
        # Longer than a test may take: it ends because all has ended.
        stopping = threading.Thread(target=running.server.stop, args=(timedelta(hours=1),))
        stopping.start()
        assert next(watch).status == HealthCheckResponse.NOT_SERVING
        with pytest.raises(Unavailable):
            for _ in stream:
                pass
        assert running.echo.ended == ["long"]
        leave.set()
        assert answer.result().value == "done"
        stopping.join(60)
        assert not stopping.is_alive()
        assert not running.server.is_ready()


def test_a_stop_does_not_wait_longer_than_its_grace() -> None:
    leave = threading.Event()
    entered = threading.Event()

    def wait(_: str) -> str:
        entered.set()
        leave.wait(60)
        return ""

    with serving(Echo(wait)) as running:
        answer = running.stub().Say.future(text(""), timeout=600)
        assert entered.wait(60)
        running.server.stop(timedelta(milliseconds=300))
        assert not leave.is_set()
        assert answer.exception() is not None
        leave.set()


def test_a_port_in_use_is_told_with_its_address() -> None:
    with serving() as running:
        second = RpcServer(running.server.port, Metrics("shop"), TOKENS.get, {}, host="127.0.0.1")
        with pytest.raises(OSError, match=running.address):
            second.start()


def test_the_loop_beats() -> None:
    beats: list[int] = []
    server = RpcServer(0, Metrics("shop"), TOKENS.get, {}, host="127.0.0.1")
    server.heartbeat = lambda: beats.append(1)
    server.start()
    wait_until(lambda: len(beats) >= 2)
    server.stop(SECOND)


def test_a_service_that_does_not_listen_is_away() -> None:
    with (
        rpc.channel("127.0.0.1:1", "agent") as channel,
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 is away"),
    ):
        EchoStub(channel).Say(text(""))


def test_a_call_waits_for_five_seconds_unless_told_otherwise() -> None:
    left: list[timedelta] = []

    def note(_: str) -> str:
        left.append(rpc.call().time_left() or timedelta(0))
        return ""

    with serving(Echo(note)) as running:
        with rpc.channel(running.address, "agent") as channel:

            def asked() -> bool:
                # A machine that stands still for five seconds has waited for too long, and asks again.
                with suppress(Unavailable):
                    EchoStub(channel).Say(text(""))
                return bool(left)

            wait_until(asked)
        # The wire says a time with three digits at most and rounds it up.
        assert max(left) < timedelta(seconds=6)
        left.clear()
        running.stub(deadline=timedelta(hours=1)).Say(text(""))
    assert timedelta(minutes=50) < left[-1] < timedelta(minutes=61)


def test_a_call_made_for_another_call_waits_no_longer_than_that_one() -> None:
    with serving(Echo(lambda _: str(rpc.call().time_left()))) as inner:
        inside = inner.stub("inside")
        with serving(Echo(lambda _: inside.Say(text("")).value)) as outer:
            left = outer.stub().Say(text(""), timeout=30).value
    assert left < "0:00:31"


def test_a_call_that_may_be_repeated_outlives_a_restart() -> None:
    with serving() as running:
        port = running.server.port
        running.stub().Say(text("warm"))
    answers: list[str] = []

    def ask(stub: EchoStub) -> None:
        # It is repeated for a second or three; a machine that needs longer for a start is asked for another one.
        with suppress(Unavailable):
            answers.append(stub.Say(text("again")).value)

    def outlives() -> bool:
        with rpc.channel(f"127.0.0.1:{port}", "agent", retried=[SERVICE], deadline=MINUTE) as channel:
            asking = threading.Thread(target=ask, args=[EchoStub(channel)])
            asking.start()
            time.sleep(0.1)
            with serving(port=port):
                asking.join(60)
        return answers == ["again"]

    wait_until(outlives)


def test_calls_go_to_all_replicas_and_round_one_that_is_gone() -> None:
    with serving(Echo(lambda _: "first")) as first, serving(Echo(lambda _: "second")) as second:
        address = f"ipv4:{first.address},{second.address}"
        with rpc.channel(address, "agent", retried=[SERVICE], deadline=MINUTE) as channel:
            say = EchoStub(channel).Say
            wait_until(lambda: {say(text("")).value for _ in range(4)} == {"first", "second"})
            second.server.stop(SECOND)
            assert {say(text("")).value for _ in range(10)} == {"first"}


@dataclass(frozen=True)
class Settings:
    otlp_endpoint: str
    trace_sample_ratio: float = 0.0
    log_level: str = "info"


def test_a_sampled_road_is_one_trace_through_client_and_server() -> None:
    def describe(_: str) -> str:
        with telemetry.span("find"):
            return telemetry.current_traceparent()[3:35]

    with otlp_receiver() as collector:
        set_up = telemetry.configure(
            "tickets", "serve", Settings(collector.endpoint), prefix="shop", output=io.BytesIO()
        )
        with serving(Echo(describe)) as running:
            stub = running.stub("inside")
            assert stub.Say(text("")).value == ""
            road = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            with telemetry.span("rules", parent=road):
                assert stub.Say(text("")).value == "0af7651916cd43dd8448eb211c80319c"
        set_up.stop(timedelta(seconds=5))
        spans = {(span.name, span.kind): span for span in collector.spans}
    assert set(spans) == {
        ("rules", "INTERNAL"),
        (f"{SERVICE}/Say", "CLIENT"),
        (f"{SERVICE}/Say", "SERVER"),
        ("find", "INTERNAL"),
    }
    client, server = spans[f"{SERVICE}/Say", "CLIENT"], spans[f"{SERVICE}/Say", "SERVER"]
    assert client.parent_id == spans["rules", "INTERNAL"].span_id
    assert server.parent_id == client.span_id
    assert spans["find", "INTERNAL"].parent_id == server.span_id
    assert server.attributes == {"rpc.system": "grpc", "rpc.service": SERVICE, "rpc.method": "Say"}


def test_a_call_from_outside_begins_a_road_as_the_dice_say() -> None:
    with otlp_receiver() as collector:
        set_up = telemetry.configure(
            "tickets", "serve", Settings(collector.endpoint, 1.0), prefix="shop", output=io.BytesIO()
        )
        with serving() as running:
            running.stub("inside").Say(text("ours"))
            running.stub("agent").Say(text("theirs"))
        set_up.stop(timedelta(seconds=5))
        assert [(span.name, span.kind) for span in collector.spans] == [(f"{SERVICE}/Say", "SERVER")]


def test_an_event_loop_asks_and_listens_too() -> None:
    async def ask(address: str) -> list[str]:
        async with rpc.aio_channel(address, "agent", deadline=MINUTE) as channel:
            stub = EchoStub(channel)
            heard = [(await stub.Say(text("hello"))).value]
            heard += [one.value async for one in stub.Repeat(text("twice"))]
            with pytest.raises(NotFound):
                _ = [one async for one in stub.Repeat(text("fail"))]
            with pytest.raises(PermissionDenied):
                await stub.Say(text("hello"), metadata=[("authorization", "Bearer reader")])
            return heard

    with serving(access={**OPEN, f"{SERVICE}/Say": frozenset({"agent"})}) as running:
        assert asyncio.run(ask(running.address)) == ["hello", "twice 0 Ann", "twice 1 Ann"]
