"""The Grafana dashboard: what Grafana itself would only show as an empty or an odd panel."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.deploy import metrics, rules
from scripts.deploy.places import DASHBOARDS, shown

_COLUMNS = 24
_DATASOURCE = "${datasource}"

Panel = dict[str, Any]


def boards() -> list[Path]:
    return sorted(DASHBOARDS.glob("*.json"))


def lint() -> list[str]:
    """Structure, units, places and expressions of every dashboard."""
    problems = []
    seen: dict[str, str] = {}
    for path in boards():
        try:
            board = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            problems.append(f"{shown(path)}: {error}")
            continue
        for field in ("uid", "title"):
            other = seen.setdefault(f"{field} {board.get(field)}", path.name)
            if not board.get(field) or other != path.name:
                problems.append(f"{shown(path)}: {field} is missing or also that of {other}")
        problems += [f"{shown(path)}: {fault}" for fault in faults(board)]
    return problems


def faults(board: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one dashboard."""
    # Whoever is called looks at one screen, without choosing anything.
    if (board["time"], board["refresh"]) != ({"from": "now-15m", "to": "now"}, "30s"):
        yield "must open on the last 15 minutes, refreshed every 30 s"
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels share an id"
    yield from overlaps(board["panels"])
    series = metrics.known(rules.recorded())
    for panel in board["panels"]:
        if panel["type"] != "row":
            for fault in faults_of_panel(panel, series):
                yield f"panel {panel['title']!r} {fault}"


def faults_of_panel(panel: Panel, series: dict[str, frozenset[str] | None]) -> Iterator[str]:
    """What is wrong with one panel."""
    said = panel.get("description", "")
    if not said:
        yield "does not say what it shows"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "has no unit"
    for runbook in set(re.findall(r"\bRelaydesk[A-Z]\w+", said)) - {
        alert["alert"] for alert in rules.alerts()
    }:
        yield f"names the runbook {runbook}, which is not there"
    if {part["datasource"].get("uid") for part in (panel, *panel["targets"])} != {_DATASOURCE}:
        yield "does not take its data source from the variable"
    for target in panel["targets"]:
        try:
            yield from metrics.strangers(evaluable(target["expr"]), series)
        except ValueError as error:
            yield f"has a fault: {' '.join(str(error).split())[:200]}"


def expressions(path: Path) -> Iterator[tuple[str, str]]:
    """Each panel's title with an expression that Prometheus itself can evaluate."""
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], evaluable(target["expr"])


def evaluable(expression: str) -> str:
    """An expression without Grafana's own variables."""
    return (
        expression.replace("$__rate_interval", "5m").replace("$__range", "15m").replace("$__interval", "15s")
    )


def overlaps(panels: list[Panel]) -> Iterator[str]:
    """Panels that cover each other or reach over the edge."""
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > _COLUMNS:
            yield f"panel {panel['title']!r} reaches over the edge"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"panel {panel['title']!r} lies over {other!r}"
                    return
