"""Lists of senders as people write them: one entry a line, or separated by commas, or a list in YAML."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from services.ingest.channels._patterns import written
from services.ingest.domain.lists import MAX_ENTRIES


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return written(value)
    found: list[str] = []
    for line in value.splitlines():
        # A header field's value may hold commas.
        found += [line] if ":" in line else line.split(",")
    return tuple(one.strip().removeprefix("- ").strip() for one in found if one.strip())


# A line for itself: the value of a header field may hold commas.
_Line = Annotated[str, Field(max_length=600)]
EntryList = Annotated[tuple[_Line, ...], BeforeValidator(_split), Field(max_length=MAX_ENTRIES)]
