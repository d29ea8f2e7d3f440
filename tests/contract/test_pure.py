"""What is true stays pure: the inner layers import the standard library and the packages that are named pure."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PURE = frozenset(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["relaydesk"]["pure-packages"])
PURE_OF_CHASSIS = frozenset(
    {"chassis.businesstime", "chassis.conditions", "chassis.errors", "chassis.operators"}
)
INNER = ("domain", "actions", "conditions")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "chassis")


def is_pure(name: str, service: str) -> bool:
    top = name.partition(".")[0]
    if top == "services":
        return name.startswith(f"services.{service}.")
    if top == "chassis":
        return name == "chassis" or any(
            name == pure or name.startswith(f"{pure}.") for pure in PURE_OF_CHASSIS
        )
    return top in sys.stdlib_module_names or top in PURE


def test_the_inner_layers_import_nothing_impure() -> None:
    impure = [
        f"{path.relative_to(ROOT)} imports {name}"
        for layer in INNER
        for path in (ROOT / "services").glob(f"*/{layer}/**/*.py")
        for name in imports(path)
        if not is_pure(name, path.relative_to(ROOT).parts[1])
    ]
    assert impure == []


def test_the_check_sees_an_impure_import() -> None:
    assert not is_pure("pymongo", "tickets")
    assert not is_pure("chassis.bus", "tickets")
    assert not is_pure("services.sla.domain", "tickets")
    assert is_pure("services.tickets.domain.ticket", "tickets")
