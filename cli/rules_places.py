"""Places in a request by the names that a file has for them."""

from collections.abc import Mapping, Sequence


def named_place(path: str, names: Mapping[str, Sequence[str]]) -> str:
    """drafts[2].name as `<name of the third draft>: name`; what has no name stays as it is."""
    kind, _, rest = path.partition("[")
    place, _, field = rest.partition("].")
    of_kind = names.get(kind, ())
    return f"{of_kind[int(place)]}: {field}" if place.isdigit() and int(place) < len(of_kind) else path
