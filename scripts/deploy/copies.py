"""The chart carries copies of the rules and the dashboard: what Helm packs must lie inside the chart."""

from pathlib import Path

from scripts.deploy.places import CHART, DASHBOARDS, RULES, shown

_COPIES = (
    (RULES, CHART / "files" / "rules", "*.yaml"),
    (DASHBOARDS, CHART / "files" / "dashboards", "*.json"),
)


def stale() -> list[str]:
    """Copies that are missing, old or of nothing, a line each."""
    problems = []
    for source, target, pattern in _COPIES:
        named = {path.name for path in source.glob(pattern)}
        problems += [
            f"{shown(target / name)}: not as {shown(source / name)}; run `make deploy-copy`"
            for name in sorted(named | {path.name for path in target.glob("*")})
            if not same(source / name, target / name)
        ]
    return problems


def copy() -> list[str]:
    """Make the copies anew; answers which changed."""
    changed = []
    for source, target, pattern in _COPIES:
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("*"):
            if not (source / old.name).exists():
                old.unlink()
                changed.append(shown(old))
        for path in sorted(source.glob(pattern)):
            if not same(path, target / path.name):
                (target / path.name).write_bytes(path.read_bytes())
                changed.append(shown(target / path.name))
    return changed


def same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()
