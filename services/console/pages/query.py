"""The state of a page is its address: a frozen dataclass to a query string and back, without loss."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

Q = TypeVar("Q")

_LARGEST = 2**63 - 1


def parse(kind: type[Q], args: Mapping[str, str]) -> Q:
    """The query of an address. What is unknown or malformed is left at its default: an old link must still open."""
    assert dataclasses.is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    values: dict[str, object] = {}
    for field in dataclasses.fields(kind):
        text = args.get(field.name)
        if text is None:
            continue
        if typing.get_origin(hints[field.name]) is tuple:
            values[field.name] = tuple(part for part in text.split(",") if part)
        elif hints[field.name] is int:
            if text.isascii() and text.isdigit() and int(text) <= _LARGEST:
                values[field.name] = int(text)
        elif hints[field.name] is bool:
            values[field.name] = text == "1"
        else:
            values[field.name] = text
    return kind(**values)


def address(path: str, query: object = None) -> str:
    """The path with the query; what is at its default is not written."""
    if query is None:
        return path
    assert dataclasses.is_dataclass(query)
    assert not isinstance(query, type)
    parts = []
    for field in dataclasses.fields(query):
        value = getattr(query, field.name)
        if value == field.default:
            continue
        if isinstance(value, tuple):
            value = ",".join(value)
        elif isinstance(value, bool):
            value = "1" if value else "0"
        parts.append(f"{field.name}={quote(str(value), safe='/,:*@-._~')}")
    return f"{path}?{'&'.join(parts)}" if parts else path
