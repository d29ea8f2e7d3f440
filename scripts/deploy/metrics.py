"""Which metrics exist: read from the code that makes them, so that no rule and no panel asks for one that does not."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import promql_parser

from scripts.deploy.places import ROOT

PREFIX = "relaydesk"
_CODE = ("chassis", "services")
# What a scrape adds to every series; `component` by the chart's PodMonitor (tickets-serve).
TARGET_LABELS = frozenset({"component", "instance", "job"})
# What Prometheus and its client library have of their own.
STANDARD = {
    "up": frozenset[str](),
    "process_cpu_seconds_total": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
    "process_start_time_seconds": frozenset[str](),
    "ALERTS": frozenset({"alertname", "alertstate", "severity"}),
}
# Of RabbitMQ's own exporter; an integration test asks a real broker for each.
BROKER = {
    "rabbitmq_alarms_memory_used_watermark": frozenset[str](),
    "rabbitmq_alarms_free_disk_space_watermark": frozenset[str](),
    "rabbitmq_alarms_file_descriptor_limit": frozenset[str](),
    "rabbitmq_process_resident_memory_bytes": frozenset[str](),
    "rabbitmq_resident_memory_limit_bytes": frozenset[str](),
    "rabbitmq_disk_space_available_bytes": frozenset[str](),
    "rabbitmq_disk_space_available_limit_bytes": frozenset[str](),
    "rabbitmq_global_messages_confirmed_total": frozenset({"protocol"}),
}


@dataclass(frozen=True)
class Made:
    """A metric as the code makes it."""

    name: str
    kind: str
    # None where the code does not name them as constants.
    labels: frozenset[str] | None
    where: str

    def series(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """The names that a scrape shows for it, each with its labels."""
        if self.kind != "histogram":
            yield self.name, self.labels
            return
        for suffix in ("_sum", "_count"):
            yield f"{self.name}{suffix}", self.labels
        yield f"{self.name}_bucket", None if self.labels is None else self.labels | {"le"}


@functools.cache
def made(root: Path = ROOT) -> dict[str, Made]:
    """Every metric that the code makes, by its full name."""
    found = {}
    for folder in _CODE:
        for path in sorted((root / folder).rglob("*.py")):
            for metric in made_in(path.read_text(), str(path.relative_to(root))):
                found[metric.name] = metric
    return found


def made_in(source: str, where: str) -> Iterator[Made]:
    """The metrics that one module makes.

    Three forms are known: `metrics.counter("…")` with gauge and histogram; a collector's `self._family("…", text,
    *labels)`; and a name written out behind the prefix, f"{metrics.prefix}_…".
    """
    for node in ast.walk(ast.parse(source)):
        place = f"{where}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.JoinedStr):
            name = _behind_prefix(node)
            if name is not None:
                yield Made(f"{PREFIX}{name}", "gauge", None, place)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) >= 2):
            continue
        name = _text(node.args[0])
        if name is None:
            continue
        if node.func.attr == "_family":
            labels = _texts(ast.Tuple([*node.args[2:]]))
            yield Made(f"{PREFIX}_{name}", "gauge", labels, place)
        elif node.func.attr in ("counter", "gauge", "histogram"):
            words = {word.arg: word.value for word in node.keywords}
            bare = "prefix" in words and _text(words["prefix"]) == ""
            listed = node.args[2] if len(node.args) > 2 else words.get("labels")
            yield Made(name if bare else f"{PREFIX}_{name}", node.func.attr, _texts(listed), place)


def _behind_prefix(node: ast.JoinedStr) -> str | None:
    """`_tickets_open` of f"{metrics.prefix}_tickets_open"."""
    if len(node.values) != 2 or not isinstance(node.values[0], ast.FormattedValue):
        return None
    before, name = node.values[0].value, _text(node.values[1])
    if not (isinstance(before, ast.Attribute) and before.attr == "prefix"):
        return None
    return name if name and re.fullmatch(r"(_[a-z0-9]+)+", name) else None


def known(recorded: frozenset[str]) -> dict[str, frozenset[str] | None]:
    """Every series that an expression may name, with its labels: the code's, the broker's, the standard's, recorded."""
    series: dict[str, frozenset[str] | None] = {**STANDARD, **BROKER}
    for metric in made().values():
        series.update(metric.series())
    series.update(dict.fromkeys(recorded))
    return series


def selectors(expression: str) -> list[tuple[str, frozenset[str]]]:
    """The series that an expression names and the labels by which it chooses among them; ValueError where it does
    not parse."""
    found: list[tuple[str, frozenset[str]]] = []

    def visit(node: promql_parser.Expr) -> bool:
        # A range selector is visited with the selector inside it.
        if isinstance(node, promql_parser.VectorSelector):
            matchers = node.matchers.matchers
            found.append((node.name or "", frozenset(m.name for m in matchers if m.name != "__name__")))
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def strangers(expression: str, series: dict[str, frozenset[str] | None]) -> Iterator[str]:
    """What an expression names that does not exist, in words."""
    for name, chosen in selectors(expression):
        if name not in series:
            yield f"nothing makes the metric {name}"
            continue
        labels = series[name]
        for label in sorted(chosen - (labels or chosen) - TARGET_LABELS):
            yield f"{name} has no label {label}"


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.expr | None) -> frozenset[str] | None:
    """The labels as written; None where they are computed."""
    if node is None:
        return frozenset()
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    words = [_text(element) for element in node.elts]
    return frozenset(word for word in words if word is not None) if None not in words else None
