"""Settings: read once from the environment into a frozen dataclass; all mistakes are shown together."""

import dataclasses
import os
import typing
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

C = TypeVar("C")

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})


class ConfigError(Exception):
    """Every setting that is missing or wrong, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ


def load(config: type[C], environ: Mapping[str, str] | None = None) -> C:
    """Fill the frozen dataclass `config` from variables named as its fields in capitals.

    A value may lie in a file instead: `MONGO_URL_FILE=/run/secrets/mongo` fills `mongo_url`. Types known: str, int,
    float, bool, Path, timedelta (seconds), tuple[str, ...] (comma list), and each of them | None. Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    assert dataclasses.is_dataclass(config)
    hints = typing.get_type_hints(config)
    values: dict[str, object] = {}
    problems: list[str] = []
    for field in dataclasses.fields(config):
        name = field.name.upper()
        try:
            text = _text(name, environ)
        except OSError as error:
            problems.append(f"{name}_FILE: cannot be read: {error.strerror}")
            continue
        if text is None:
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                problems.append(f"{name}: is not set (or {name}_FILE, the path of a file that holds it)")
            continue
        try:
            values[field.name] = _parse(text, hints[field.name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise ConfigError(problems)
    return config(**values)


def _text(name: str, environ: Mapping[str, str]) -> str | None:
    path = environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text().strip()
    return environ.get(name)


def _parse(text: str, hint: Any) -> object:
    options = [option for option in typing.get_args(hint) if option is not type(None)]
    if typing.get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if options and type(None) in typing.get_args(hint):
        return None if text == "" else _parse(text, options[0])
    if hint is bool:
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise ValueError(f"expected yes or no, got {text!r}")
    if hint is timedelta:
        return timedelta(seconds=_number(text, float))
    if hint in (int, float):
        return _number(text, hint)
    if hint is Path:
        return Path(text)
    return text


def _number(text: str, kind: type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"expected a number, got {text!r}") from None
