"""Circles of a directed graph."""

from collections.abc import Iterator, Mapping


def circles(wakes: Mapping[int, set[int]]) -> Iterator[set[int]]:
    """Groups of two and more that reach each other, by Tarjan's walk without recursion."""
    found_at: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    for start in wakes:
        if start in found_at:
            continue
        walk: list[tuple[int, Iterator[int]]] = [(start, iter(wakes[start]))]
        found_at[start] = lowest[start] = len(found_at)
        path.append(start)
        while walk:
            node, rest = walk[-1]
            following = next((one for one in rest if one in wakes), None)
            if following is None:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[node])
                if lowest[node] == found_at[node]:
                    group = set(path[path.index(node) :])
                    del path[path.index(node) :]
                    if len(group) > 1:
                        yield group
            elif following not in found_at:
                found_at[following] = lowest[following] = len(found_at)
                path.append(following)
                walk.append((following, iter(wakes[following])))
            elif following in path:
                lowest[node] = min(lowest[node], found_at[following])
