"""Where everything that is deployed lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".venv" / "bin"
TOOLS = ROOT / ".run" / "tools"

DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
CHART = DEPLOY / "helm" / "relaydesk"
OBSERVABILITY = DEPLOY / "observability"
RULES = OBSERVABILITY / "rules"
RULE_TESTS = OBSERVABILITY / "tests"
DASHBOARDS = OBSERVABILITY / "dashboards"
RUNBOOKS = ROOT / "docs" / "runbooks"


def shown(path: Path) -> str:
    """A path as a person types it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
