"""Draws the map of the system into the README from the services' wires: `draw_map.py` writes, `--check` compares."""

import sys
from pathlib import Path

from tests.contract.wires import wires

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- map: drawn by scripts/draw_map.py from the wires of the services -->\n"
END = "<!-- end of map -->\n"


def drawn() -> str:
    """The map as a Mermaid flowchart: an arrow for each pair of services, with the facts that go along it."""
    found = wires()
    lines = ["```mermaid", "flowchart LR", "  outside((channels)) --> ingest"]
    for speaker in found:
        for hearer in found:
            heard = sorted(
                kind.DESCRIPTOR.name for kind in hearer.hears if kind.DESCRIPTOR.full_name in speaker.says
            )
            if heard:
                facts = "<br>".join(heard)
                lines.append(f'  {speaker.service} -- "{facts}" --> {hearer.service}')
    lines += [
        "  rules -. commands by gRPC .-> tickets",
        "  console -. gRPC .-> tickets & rules & sla & reports & ingest",
        "  others((other systems)) -. gRPC .-> tickets",
        "```",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    text = README.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    wanted = head + BEGIN + drawn() + END + tail
    if "--check" in sys.argv[1:]:
        if wanted != text:
            print("README.md: the map is not what the wires say; run `make map`", file=sys.stderr)
            return 1
        return 0
    README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
