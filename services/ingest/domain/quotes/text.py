"""Plain text: what a person newly said in it."""

from services.ingest.domain.quotes.slicing import new_lines


def said_in_text(text: str) -> str:
    """The lines that are new, as they stand; empty where nothing was cut."""
    if not text:
        return ""
    lines = text.split("\n")
    if "\r" in text:
        lines = [line.rstrip("\r") for line in lines]
    found = new_lines(lines)
    return "" if found is None else "\n".join(lines[found[0] : found[1]])
