"""A folder of plugins: each file is one, named by its file, and is what it must be or is refused at the start."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from chassis.errors import InvalidField

Plugin = TypeVar("Plugin")

# A type that the attribute must be an instance of, or a question that it must answer with yes
# (`callable`, `dataclasses.is_dataclass`).
Check = type | Callable[[object], bool]


class PluginError(Exception):
    """Files of the folder that are not what they must be; all problems together."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


class Plugins(Mapping[str, Plugin]):
    """The plugins of one folder by name, in the order of their names."""

    def __init__(self, known: Mapping[str, Plugin]) -> None:
        self._known = MappingProxyType(dict(sorted(known.items())))

    def named(self, name: str, field: str) -> Plugin:
        """The plugin `name`, asked for by the setting `field`. Raises InvalidField that lists the known names."""
        if name not in self._known:
            raise InvalidField(field, f"one of {', '.join(self._known)}", name)
        return self._known[name]

    def __getitem__(self, name: str) -> Plugin:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def load_folder(folder: ModuleType, required: Mapping[str, Check]) -> Plugins[Any]:
    """Import every module and package in `folder` but those that begin with `_`; `required` is what each must have.

    The caller says by an annotation what such a module is to it: `kinds: Plugins[ChannelKind] = load_folder(…)`.
    Raises PluginError, and ImportError where a file cannot be imported.
    """
    known: dict[str, ModuleType] = {}
    problems: list[str] = []
    for found in pkgutil.iter_modules(folder.__path__):
        if not found.name.startswith("_"):
            module = importlib.import_module(f"{folder.__name__}.{found.name}")
            known[found.name] = module
            problems += [f"{module.__name__} {problem}" for problem in _problems(module, required)]
    if problems:
        raise PluginError(problems)
    return Plugins(known)


def _problems(module: ModuleType, required: Mapping[str, Check]) -> Iterator[str]:
    for name, check in required.items():
        if not hasattr(module, name):
            yield f"has no {name}"
            continue
        value = getattr(module, name)
        fits = isinstance(value, check) if isinstance(check, type) else check(value)
        if not fits:
            wanted = check.__name__ if hasattr(check, "__name__") else check
            yield f"has a {name} that is not {wanted}"
