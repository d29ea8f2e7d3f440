import pytest

from chassis.config import ConfigError
from local.habits import ports_of
from local.roles import ROLES, Ports
from local.run_config import RunConfig, read_config


@pytest.mark.parametrize("prefix", ["", "_", "Relaydesk_", "relaydesk", "a" * 30 + "_", "a.*_"])
def test_a_prefix_that_could_make_foreign_databases_ours_is_refused(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PREFIX", prefix)
    with pytest.raises(ConfigError, match="DATABASE_PREFIX"):
        read_config()


def test_the_default_vhost_of_a_broker_is_never_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_VHOST", "/")
    with pytest.raises(ConfigError, match="BROKER_VHOST"):
        read_config()


def test_all_mistakes_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PREFIX", "")
    monkeypatch.setenv("SHOW_LOGS", "some")
    with pytest.raises(ConfigError) as refusal:
        read_config()
    assert len(refusal.value.problems) == 2


def test_every_port_of_a_run_is_another() -> None:
    numbers = [port for _, port in ports_of(RunConfig()).named()]
    assert len(set(numbers)) == len(numbers)


def test_every_role_has_a_probe_port_of_its_own() -> None:
    assert len(set(Ports.free().probes.values())) == len(ROLES)
