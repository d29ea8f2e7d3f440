"""The files that are deployed, as far as they can be judged without a tool."""

import re
from typing import Any

import pytest
import yaml

from local.roles import ROLES
from scripts.deploy import copies, image, rules
from scripts.deploy.places import CHART, COMPOSE, DOCKERFILE, ROOT

compose: dict[str, Any] = image.interpolated(yaml.safe_load(COMPOSE.read_text()))
values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def test_the_chart_carries_the_rules_and_the_dashboard_as_they_are() -> None:
    assert copies.stale() == []


def test_every_alert_has_a_severity_a_text_and_a_runbook() -> None:
    assert rules.runbooks() == []


def test_compose_starts_every_role_of_every_service() -> None:
    started = {
        tuple(service["command"])
        for service in compose["services"].values()
        if "tmpfs" in service and "command" in service
    }
    assert {command for command in started if len(command) == 2} == {
        (f"services.{role.service}", role.word) for role in ROLES
    }


def test_compose_prepares_every_service_before_any_role_starts() -> None:
    (loop,) = compose["services"]["prepare"]["command"]
    assert set(re.findall(r"in ([a-z ]+);", loop)[0].split()) == {role.service for role in ROLES} - {
        "console"
    }
    for role in ROLES:
        waits = compose["services"][f"{role.service}-{role.word}"]["depends_on"]
        assert waits == {"prepare": {"condition": "service_completed_successfully"}}


def test_compose_gives_every_role_the_ports_of_its_table() -> None:
    for role in ROLES:
        environment = compose["services"][f"{role.service}-{role.word}"]["environment"]
        assert set(role.ports) == {
            name for name in environment if name in ("GRPC_PORT", "HTTP_PORT", "SMTP_PORT")
        }


def test_the_chart_has_every_role_and_reads_channels_from_its_map() -> None:
    roles = {(service, name) for service, found in values["services"].items() for name in found}
    assert roles | {("ingest", "listen")} == {(role.service, role.word) for role in ROLES}
    assert all(entry.get("channels") == "all" for entry in values["channels"].values())


def test_the_readme_of_the_chart_names_every_value() -> None:
    readme = (CHART / "README.md").read_text()
    missing = [path for path in paths(values) if not any(f"`{part}`" in readme for part in prefixes(path))]
    assert missing == []


def test_the_readme_of_the_chart_names_no_value_that_is_not_there() -> None:
    known = {part for path in paths(values) for part in prefixes(path)}
    table = (CHART / "README.md").read_text().partition("| value |")[2].partition("\n\n")[0]
    named = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`([a-zA-Z.]+)`", line.split("|")[1:2][0] if "|" in line else "")
    }
    assert named - known == set()


@pytest.mark.parametrize("folder", ["chassis", "services", "cli", "gen"])
def test_the_image_holds_the_code_and_the_builder_is_sent_it(folder: str) -> None:
    assert f"COPY {folder} {folder}" in DOCKERFILE.read_text()
    assert f"!{folder}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_image_starts_as_nobody_and_python_hears_signals_itself() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["python", "-m"]' in lines
    assert "HEALTHCHECK NONE" in lines


def test_compose_variables_are_read_as_compose_reads_them() -> None:
    assert image.interpolated("${A:-b}:${C}$$d") == "b:$d"


def test_a_compose_file_with_an_unknown_field_is_refused() -> None:
    broken = {"services": {"a": {"image": "x", "restrat": "always"}}}
    assert list(image.faults_of_compose(broken)) != []


def paths(node: dict[str, Any], before: str = "") -> list[str]:
    """Every value by its whole path."""
    found = []
    for key, value in node.items():
        if isinstance(value, dict) and value:
            found += paths(value, f"{before}{key}.")
        else:
            found.append(f"{before}{key}")
    return found


def prefixes(path: str) -> list[str]:
    """The path and all that it lies under: a row may describe a whole map."""
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
