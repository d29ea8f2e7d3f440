"""LookupsService over real gRPC and real HTTP: whether a system is well, in one line."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.errors import InvalidFields, PermissionDenied, Refused, Unauthenticated
from chassis.rpc import RpcServer, channel
from chassis.telemetry import Metrics
from chassis.tokens import CachedAuthenticator, Principal
from relaydesk.console.v1 import service_pb2 as pb
from relaydesk.console.v1.service_pb2_grpc import LookupsServiceStub
from services.console.adapters.rpc import ACCESS, LookupsRpc, register
from services.console.application.look_up import LookUp
from tests.fakes.outside import MemoryMeasures, OutsideServer, answer_json, outside_server
from tests.lookup_contract import NOBODY, contract_system

AGENT = Principal("t1", "agent")


@pytest.fixture
def shop() -> Iterator[OutsideServer]:
    with outside_server(answer_json(NOBODY)) as served:
        yield served


@pytest.fixture
def port(shop: OutsideServer) -> Iterator[int]:
    authenticate = CachedAuthenticator({"agent": AGENT}.get, internal_token="internal")
    server = RpcServer(0, Metrics("test"), authenticate, ACCESS, host="127.0.0.1")
    register(server, LookupsRpc(LookUp([contract_system(shop)], MemoryMeasures())))
    server.start()
    yield server.port
    server.stop(timedelta(seconds=1))


def ask(port: int, token: str = "internal", **by: str) -> pb.SourceCheck:
    with channel(f"127.0.0.1:{port}", token) as there:
        [check] = LookupsServiceStub(there).TestLookup(pb.TestLookupRequest(**by)).checks
    return check


def test_a_system_that_answers_is_well(port: int, shop: OutsideServer) -> None:
    assert ask(port, email="a@b.example").text == "it knows nobody by that"
    shop.behave = answer_json({"version": 1, "customers": [{"name": "H", "orders": []}]})
    check = ask(port, phone="+351912345678")
    assert (check.is_well, check.outcome, check.text) == (True, "found", "found 1 customer, 0 orders")
    assert check.took.ToTimedelta() > timedelta(0)


def test_what_is_wrong_is_said_without_the_person(port: int, shop: OutsideServer) -> None:
    shop.behave = answer_json({}, 401)
    check = ask(port, email="a@b.example")
    assert (check.is_well, check.outcome) == (False, "denied")
    assert check.text == "it answers 401: it does not accept our signature or key"


def test_what_the_system_itself_says_of_it_is_told(port: int, shop: OutsideServer) -> None:
    shop.behave = answer_json(NOBODY, kind="text/html; charset=utf-8")
    expected = "it answers with another type than application/json: text/html"
    assert ask(port, email="a@b.example").text == expected


@pytest.mark.parametrize("by", [{}, {"email": "a@b.example", "phone": "+351912345678"}])
def test_one_thing_is_asked_by(port: int, by: dict[str, str]) -> None:
    with pytest.raises(InvalidFields):
        ask(port, **by)


@pytest.mark.parametrize(("token", "refusal"), [("agent", PermissionDenied), ("nobody", Unauthenticated)])
def test_only_administrators_ask(port: int, token: str, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        ask(port, token, email="a@b.example")
