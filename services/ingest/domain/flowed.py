"""Lines that a mail program wrapped for the road, joined again (RFC 3676, format=flowed)."""

# The line above a signature ends in a space and is flowed all the same into nothing.
_SIGNATURE = "-- "


def join_flowed(text: str, deletes_space: bool) -> str:
    """The text with one line a paragraph; quotes keep their depth, each line of them its own marks.

    `deletes_space` is DelSp=yes: the space that marks a wrapped line is none of the author's.
    """
    lines: list[str] = []
    # Of the paragraph that is still open: its depth of quotes, and its pieces.
    depth, pieces = 0, list[str]()
    for line in text.split("\n"):
        content = line.lstrip(">")
        found = len(line) - len(content)
        # A space was put in front of what would have been taken for something else.
        content = content.removeprefix(" ")
        # A blank line parts paragraphs, though a sloppy writer left the line above it open.
        if pieces and (found != depth or content in (_SIGNATURE, "")):
            lines.append(_line(depth, pieces))
            pieces = []
        depth = found
        if content.endswith(" ") and content != _SIGNATURE and content.strip():
            pieces.append(content[:-1] if deletes_space else content)
            continue
        pieces.append(content)
        lines.append(_line(depth, pieces))
        pieces = []
    if pieces:
        lines.append(_line(depth, pieces))
    return "\n".join(lines)


def _line(depth: int, pieces: list[str]) -> str:
    whole = "".join(pieces)
    if whole != _SIGNATURE:
        whole = whole.rstrip(" ")
    return f"{'>' * depth} {whole}".rstrip(" ") if depth else whole
