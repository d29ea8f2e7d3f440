"""What rules can ask and do: the two folders, read once."""

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from chassis.conditions import Field, Kind
from chassis.plugins import Plugins, load_folder
from services.rules import actions, conditions
from services.rules.domain.rule import Action, FieldWord, Vocabulary
from services.rules.domain.view import Read


@cache
def vocabulary() -> Vocabulary:
    """Raises PluginError where a file of the folders is not what it must be."""
    files: Plugins[Any] = load_folder(conditions, {"__doc__": str, "KIND": Kind})
    known: Plugins[Action] = load_folder(actions, {"__doc__": str, "Params": type, "decide": callable})
    plain = {name: _word(file) for name, file in files.items() if hasattr(file, "read")}
    families = {name: file for name, file in files.items() if hasattr(file, "read_of")}
    asked: dict[str, FieldWord] = dict(plain)

    def find(name: str) -> FieldWord | None:
        word = asked.get(name)
        if word is not None:
            return word
        family, dot, rest = name.partition(".")
        if dot and rest and family in families:
            file = families[family]
            word = FieldWord(Field(file.KIND), file.read_of(rest), _text(file))
            if len(asked) < 10_000:
                asked[name] = word
        return word

    return Vocabulary(find, known)


def find_field(name: str) -> Field | None:
    """What a field holds."""
    word = vocabulary().find(name)
    return word.field if word is not None else None


def find_read(name: str) -> Read | None:
    """How a field is read."""
    word = vocabulary().find(name)
    return word.read if word is not None else None


def described_fields() -> Mapping[str, tuple[str, Kind, tuple[str, ...]]]:
    """Each field's description, kind and known values; a family as `<file>.<name>`."""
    files: Plugins[Any] = load_folder(conditions, {"__doc__": str, "KIND": Kind})
    return {
        name if hasattr(file, "read") else f"{name}.<name>": (
            _text(file),
            file.KIND,
            getattr(file, "CHOICES", ()),
        )
        for name, file in files.items()
    }


def _word(file: ModuleType) -> FieldWord:
    return FieldWord(Field(file.KIND, getattr(file, "CHOICES", ())), file.read, _text(file))


def _text(file: ModuleType) -> str:
    return " ".join((file.__doc__ or "").split())
