"""A role behind its probes, and the command line that starts it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from chassis import roles
from chassis.errors import Unavailable
from chassis.service import CommonSettings, Parts
from chassis.web import ProbeServer
from tests.waiting import wait_until

SETTINGS = CommonSettings(
    broker_url="amqp://nobody", mongo_url="mongodb://nobody", instance_key="00" * 32, internal_token="t"
)


class Loop:
    name = "loop"

    def __init__(self) -> None:
        self.heartbeat: Callable[[], None] = lambda: None
        self.serves = False

    def start(self) -> None:
        self.heartbeat()

    def stop(self, grace: timedelta) -> None:
        self.serves = False

    def is_ready(self) -> bool:
        return self.serves


def test_a_role_is_ready_when_it_is_prepared_and_its_components_serve() -> None:
    loop, done = Loop(), list[str]()
    parts = Parts("shop", "work", replace(SETTINGS, probe_host="127.0.0.1"), prefix="shop")
    whole = roles.assembled(parts, [loop], lambda: done.append("prepared"))
    probes = whole[0]
    assert isinstance(probes, ProbeServer)
    for component in whole:
        component.start()
    try:
        wait_until(lambda: done == ["prepared"])
        url = f"http://127.0.0.1:{probes.port}/readyz"
        wait_until(lambda: httpx.get(url).text == "loop\n")
        loop.serves = True
        assert httpx.get(url).status_code == 200
    finally:
        for component in reversed(whole):
            component.stop(timedelta(seconds=5))
        parts.close()


def test_a_role_that_waits_says_for_what() -> None:
    def prepare() -> None:
        raise Unavailable("database")

    parts = Parts("shop", "work", replace(SETTINGS, probe_host="127.0.0.1"), prefix="shop")
    whole = roles.assembled(parts, [], prepare)
    probes = whole[0]
    assert isinstance(probes, ProbeServer)
    for component in whole:
        component.start()
    try:
        url = f"http://127.0.0.1:{probes.port}/readyz"
        wait_until(lambda: httpx.get(url).text == "preparation: database is away\n")
        assert httpx.get(url.replace("readyz", "livez")).status_code == 200
    finally:
        for component in reversed(whole):
            component.stop(timedelta(seconds=5))
        parts.close()


def test_missing_settings_end_the_role_with_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.delenv("MONGO_URL", raising=False)
    assert roles.start("shop", "work", CommonSettings, {}, lambda parts: None, prefix="shop") == 2
    said = capsys.readouterr().err
    assert "BROKER_URL" in said
    assert "MONGO_URL" in said


def test_a_role_that_the_service_has_not_is_answered_by_those_it_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        roles.parser("shop", {"serve": None, "work": None}).parse_args(["sing"])
    assert ended.value.code == 2
    assert "serve" in capsys.readouterr().err
