import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest

from chassis.errors import InvalidField
from chassis.plugins import Check, PluginError, Plugins, load_folder

Folder = Callable[..., ModuleType]

GOOD = "import dataclasses\n\n@dataclasses.dataclass\nclass Params:\n    pass\n\ndef decide():\n    return {name!r}\n"
REQUIRED: Mapping[str, Check] = {"decide": callable, "Params": dataclasses.is_dataclass}


class Action(Protocol):
    def decide(self) -> str: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Makes a package of the given files and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"folder_{tmp_path.name}"

    def make(**files: str) -> ModuleType:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        for file, content in files.items():
            (tmp_path / name / f"{file}.py").write_text(content)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[loaded]


def test_each_file_is_a_plugin_named_by_it(folder: Folder) -> None:
    made = folder(set_tag=GOOD.format(name="tag"), assign=GOOD.format(name="assign"))
    actions: Plugins[Action] = load_folder(made, REQUIRED)
    assert list(actions) == ["assign", "set_tag"]
    assert actions["set_tag"].decide() == "tag"
    assert actions.named("assign", "action").decide() == "assign"


def test_a_plugin_may_grow_into_a_folder(folder: Folder) -> None:
    made = folder()
    (Path(made.__path__[0]) / "email").mkdir()
    (Path(made.__path__[0]) / "email" / "__init__.py").write_text(GOOD.format(name="email"))
    assert list(load_folder(made, REQUIRED)) == ["email"]


def test_what_is_shared_between_plugins_is_none_itself(folder: Folder) -> None:
    assert list(load_folder(folder(one=GOOD.format(name="one"), _shared="raise SystemExit"), REQUIRED)) == [
        "one"
    ]


def test_an_unknown_name_is_refused_with_those_that_are_known(folder: Folder) -> None:
    actions = load_folder(folder(b=GOOD.format(name="b"), a=GOOD.format(name="a")), REQUIRED)
    with pytest.raises(InvalidField, match=r"rules\[0\]\.action: expected one of a, b, got 'c'"):
        actions.named("c", "rules[0].action")


def test_all_that_is_wrong_with_a_folder_is_told_at_once(folder: Folder) -> None:
    made = folder(empty="", odd="decide = 1\nParams = 2\n", good=GOOD.format(name="good"))
    with pytest.raises(PluginError) as refused:
        load_folder(made, {**REQUIRED, "Params": type})
    assert refused.value.problems == [
        f"{made.__name__}.empty has no decide",
        f"{made.__name__}.empty has no Params",
        f"{made.__name__}.odd has a decide that is not callable",
        f"{made.__name__}.odd has a Params that is not type",
    ]


def test_a_file_that_cannot_be_imported_stops_the_start(folder: Folder) -> None:
    with pytest.raises(ImportError):
        load_folder(folder(broken="import no_such_module_at_all\n"), {})
