"""The rules of Prometheus: right by promtool, proven by its tests, each alert with a runbook."""

import functools
from collections.abc import Iterator
from typing import Any

import yaml

from scripts.deploy import metrics
from scripts.deploy.places import RULE_TESTS, RULES, RUNBOOKS, shown
from scripts.deploy.tools import promtool, run

_SEVERITIES = ("page", "ticket")
# What a person at three in the morning looks for.
_SECTIONS = ("## What it means", "## What to do now", "## When it is over")


def syntax() -> list[str]:
    """What `promtool check rules` finds, its lint included."""
    done = run([promtool(), "check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yaml"))])
    return _said(done.stdout + done.stderr) if done.returncode else []


def proofs() -> list[str]:
    """The unit tests of the rules, and whether each alert has one in which it fires."""
    files = sorted(RULE_TESTS.glob("*_test.yaml"))
    done = run([promtool(), "test", "rules", *files])
    problems = _said(done.stdout + done.stderr) if done.returncode else []
    fired = {
        test["alertname"]
        for file in files
        for case in yaml.safe_load(file.read_text())["tests"]
        for test in case.get("alert_rule_test", [])
        if test["exp_alerts"]
    }
    return problems + [
        f"{alert['alert']}: no test in which it fires" for alert in alerts() if alert["alert"] not in fired
    ]


def names() -> list[str]:
    """Metrics and labels that the rules ask for and nothing makes."""
    series = metrics.known(recorded())
    return [
        f"{rule.get('alert') or rule.get('record')}: {fault}"
        for rule in every_rule()
        for fault in metrics.strangers(rule["expr"], series)
    ]


def runbooks() -> list[str]:
    """Whether each alert says how bad it is and what to do, and each runbook belongs to an alert."""
    problems = []
    for alert in alerts():
        name = alert["alert"]
        if alert.get("labels", {}).get("severity") not in _SEVERITIES:
            problems.append(f"{name}: severity must be one of {', '.join(_SEVERITIES)}")
        missing = {"summary", "description"} - set(alert.get("annotations", {}))
        problems += [f"{name}: has no {wanted}" for wanted in sorted(missing)]
        page = RUNBOOKS / f"{name}.md"
        if alert.get("annotations", {}).get("runbook_url") != shown(page):
            problems.append(f"{name}: runbook_url must be {shown(page)}")
        if not page.exists():
            problems.append(f"{shown(page)}: missing")
            continue
        text = page.read_text()
        problems += [
            f"{shown(page)}: has no section {section}" for section in _SECTIONS if section not in text
        ]
    known = {alert["alert"] for alert in alerts()} | {"README"}
    return problems + [
        f"{shown(page)}: no alert leads to it"
        for page in sorted(RUNBOOKS.glob("*.md"))
        if page.stem not in known
    ]


@functools.cache
def every_rule() -> tuple[dict[str, Any], ...]:
    """All rules, recording and alerting."""
    return tuple(
        rule
        for file in sorted(RULES.glob("*.yaml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    )


def alerts() -> Iterator[dict[str, Any]]:
    """The rules that alert."""
    return (rule for rule in every_rule() if "alert" in rule)


def recorded() -> frozenset[str]:
    """The series that the rules make."""
    return frozenset(rule["record"] for rule in every_rule() if "record" in rule)


def _said(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [
        line
        for line in lines
        if line and "SUCCESS" not in line and not line.startswith(("Checking", "Unit Testing"))
    ]
