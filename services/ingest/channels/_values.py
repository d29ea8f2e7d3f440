"""Values of settings, which come as text."""

from typing import Annotated

from pydantic import BeforeValidator


def _split(value: object) -> object:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


# Separated by commas.
Texts = Annotated[tuple[str, ...], BeforeValidator(_split)]
