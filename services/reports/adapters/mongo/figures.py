"""Figures as they are kept: a number a count, and `{n, s, b: {part: found}}` for durations."""

from collections.abc import Mapping

from chassis.mongo import Document
from services.reports.domain.figures import COUNTS, DURATIONS, Figures
from services.reports.domain.histogram import Histogram


def additions(figures: Figures) -> dict[str, int]:
    """What `$inc` adds; nothing for what is 0."""
    found = {name: times for name, times in figures.counts.items() if times}
    for name, histogram in figures.durations.items():
        if histogram.count:
            found[f"{name}.n"] = histogram.count
            found[f"{name}.s"] = histogram.sum_milliseconds
            for part, times in histogram.parts.items():
                found[f"{name}.b.{part}"] = times
    return found


def figures_of(row: Document) -> Figures:
    """A kept row, read."""
    figures = Figures()
    for name in COUNTS:
        if times := row.get(name):
            figures.counts[name] = int(times)
    for name in DURATIONS:
        if kept := row.get(name):
            figures.durations[name] = _histogram(kept)
    return figures


def _histogram(kept: Mapping[str, object]) -> Histogram:
    parts = kept.get("b")
    return Histogram(
        int(str(kept["n"])),
        int(str(kept["s"])),
        {int(part): int(found) for part, found in parts.items()} if isinstance(parts, dict) else {},
    )
