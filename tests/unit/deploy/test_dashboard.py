"""What the lint of the dashboard finds."""

import copy
import json
from typing import Any

import pytest

from scripts.deploy import dashboard

GOOD: dict[str, Any] = json.loads(dashboard.boards()[0].read_text())


def board(change: dict[str, Any] | None = None, **top: Any) -> list[str]:
    """The faults of the dashboard with its first panel that is no row changed."""
    changed = copy.deepcopy(GOOD)
    changed.update(top)
    panel = next(panel for panel in changed["panels"] if panel["type"] != "row")
    panel.update(change or {})
    return [fault for fault in dashboard.faults(changed) if fault not in set(dashboard.faults(GOOD))]


def test_the_dashboard_opens_on_fifteen_minutes_and_asks_nothing() -> None:
    assert board(time={"from": "now-6h", "to": "now"}) == [
        "must open on the last 15 minutes, refreshed every 30 s"
    ]
    assert [variable["type"] for variable in GOOD["templating"]["list"]] == ["datasource"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fieldConfig": {"defaults": {}, "overrides": []}}, "has no unit"),
        ({"description": ""}, "does not say what it shows"),
        (
            {"description": "Runbook: RelaydeskNothing."},
            "names the runbook RelaydeskNothing, which is not there",
        ),
        (
            {"datasource": {"type": "prometheus", "uid": "abc"}},
            "does not take its data source from the variable",
        ),
        ({"gridPos": {"x": 20, "y": 90, "w": 8, "h": 4}}, "reaches over the edge"),
        ({"gridPos": {"x": 2, "y": 1, "w": 3, "h": 4}}, "lies over"),
        ({"id": 3}, "two panels share an id"),
    ],
)
def test_a_panel_with_a_fault_is_told(change: dict[str, Any], said: str) -> None:
    found = board(change)
    assert len(found) >= 1
    assert all(said in fault for fault in found)


def test_an_expression_that_does_not_parse_is_told_with_its_panel() -> None:
    target = {"expr": "sum by (", "datasource": {"uid": "${datasource}"}}
    (fault,) = board({"targets": [target], "title": "Broken"})
    assert fault.startswith("panel 'Broken' has a fault: ")


def test_grafanas_variables_become_what_prometheus_can_evaluate() -> None:
    assert dashboard.evaluable("rate(x[$__rate_interval])") == "rate(x[5m])"
