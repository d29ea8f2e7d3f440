"""The kinds of channel that there are: the files of the folder `channels`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from chassis.errors import InvalidField, InvalidFields
from chassis.plugins import Plugins, load_folder
from services.ingest.application.ports import Inbox, LiveChannel


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file of the folder offers."""

    name: str
    # Its docstring, for a person who chooses.
    text: str
    settings: type[BaseModel]
    build: Callable[[Any, Inbox], LiveChannel]


def load_kinds(folder: ModuleType) -> dict[str, Kind]:
    """Every kind of the folder by name. Raises PluginError where a file does not keep the contract."""
    files: Plugins[Any] = load_folder(folder, {"KIND": str, "Settings": type, "build": callable})
    return {
        name: Kind(file.KIND, (file.__doc__ or "").strip(), file.Settings, file.build)
        for name, file in files.items()
    }


def check_settings(kinds: Mapping[str, Kind], kind: str, settings: Mapping[str, str]) -> BaseModel:
    """The settings, valid. Raises InvalidFields with everything that is wrong and what is known."""
    if kind not in kinds:
        raise InvalidFields([InvalidField("channel.kind", f"one of {', '.join(sorted(kinds))}", kind)])
    try:
        return kinds[kind].settings.model_validate(dict(settings))
    except ValidationError as error:
        raise InvalidFields(
            [_mistake(kinds[kind], dict(one)) for one in error.errors(include_url=False)]
        ) from None


def _mistake(kind: Kind, found: dict[str, Any]) -> InvalidField:
    name = ".".join(str(part) for part in found["loc"])
    if len(found["loc"]) > 1:
        # Within a setting that holds more than one value.
        expected = "a value" if found["type"] == "missing" else _expected(found)
        return InvalidField(f"channel.settings.{name}", expected)
    if found["type"] == "extra_forbidden":
        # The likeliest first: the list may be cut short on its way.
        known = sorted(kind.settings.model_fields, key=lambda one: -SequenceMatcher(None, one, name).ratio())
        return InvalidField(f"channel.settings.{name}", f"one of {', '.join(known)}")
    if found["type"] == "missing":
        about = kind.settings.model_fields[name].description or "a value"
        return InvalidField(f"channel.settings.{name}", about)
    return InvalidField(f"channel.settings.{name}", _expected(found))


def _expected(found: dict[str, Any]) -> str:
    """What can be taken, in few words and always the same ones, so that a page can say them in other languages."""
    said = found.get("ctx") or {}
    match found["type"]:
        case "literal_error":
            return f"one of {str(said['expected']).replace(' or ', ', ').replace(chr(39), '')}"
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "bool_parsing" | "bool_type":
            return "true or false"
        case "greater_than_equal":
            return f"at least {said['ge']}"
        case "less_than_equal":
            return f"at most {said['le']}"
        case "string_too_long":
            return f"at most {said['max_length']} characters"
        case "string_too_short":
            return f"at least {said['min_length']} characters"
        case _:
            return str(found["msg"]).removeprefix("Value error, ")
