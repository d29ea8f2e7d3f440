"""Fetch what assets.toml names, check it and copy it beside the code; --check only compares what is there.

scripts/assets.py            fetch with `npm pack`; a file whose hash is not the written one stops it
scripts/assets.py --accept   the same, but write the new hashes into assets.toml (after a version was changed)
scripts/assets.py --check    no network: every copy is there and is the one named, and no other lies beside it
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = (ROOT / "services/console/assets.toml", ROOT / "tests/vendor/assets.toml")
# Folders that hold copies and nothing else.
OWN = ("static/vendor", "static/fonts")


@dataclass(frozen=True, slots=True)
class Copy:
    """One file that assets.toml promises."""

    package: str
    version: str
    source: str
    icons: tuple[str, ...]
    to: Path
    sha256: str | None


def copies(manifest: Path) -> Iterator[Copy]:
    """Every file of the manifest; licences have no hash of their own."""
    for part in tomllib.loads(manifest.read_text())["part"]:
        package, version = part["package"], part["version"]
        folder = manifest.parent
        licence = part["licence"]
        yield Copy(package, version, licence["from"], (), folder / licence["to"], None)
        for file in part.get("files", ()):
            yield Copy(package, version, file["from"], (), folder / file["to"], file["sha256"])
        if sprite := part.get("sprite"):
            yield Copy(package, version, "", tuple(sprite["icons"]), folder / sprite["to"], sprite["sha256"])


def check(manifest: Path) -> list[str]:
    """What is missing, changed or not named, a line each."""
    named = list(copies(manifest))
    problems = []
    for copy in named:
        shown = copy.to.relative_to(ROOT)
        if not copy.to.is_file():
            problems.append(f"{shown}: missing; run `make assets`")
        elif copy.sha256 is not None and hash_of(copy.to.read_bytes()) != copy.sha256:
            problems.append(f"{shown}: not the file that {manifest.relative_to(ROOT)} names")
    known = {copy.to for copy in named}
    for folder in OWN:
        strangers = sorted(set((manifest.parent / folder).glob("*")) - known)
        problems += [f"{path.relative_to(ROOT)}: no line of {manifest.name} names it" for path in strangers]
    return problems


def fetch(manifest: Path, *, accept: bool) -> list[str]:
    """Copy everything named out of fresh packages; returns what did not have its hash."""
    problems = []
    text = manifest.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        unpacked: dict[str, Path] = {}
        for copy in copies(manifest):
            folder = unpacked.get(copy.package) or unpack(copy.package, copy.version, Path(scratch))
            unpacked[copy.package] = folder
            content = sprite(folder, copy.icons) if copy.icons else (folder / copy.source).read_bytes()
            if copy.sha256 is not None and hash_of(content) != copy.sha256:
                if not accept:
                    problems.append(
                        f"{copy.to.relative_to(ROOT)}: {copy.package}@{copy.version} gave other bytes"
                    )
                    continue
                text = with_hash(text, copy.to.relative_to(manifest.parent), hash_of(content))
            copy.to.parent.mkdir(parents=True, exist_ok=True)
            copy.to.write_bytes(content)
    if accept:
        manifest.write_text(text)
    return problems


def unpack(package: str, version: str, scratch: Path) -> Path:
    """The package's folder, straight from the registry that npm is set up for."""
    folder = scratch / re.sub(r"\W", "-", package)
    folder.mkdir()
    command = ["npm", "pack", f"{package}@{version}", "--pack-destination", str(folder), "--ignore-scripts"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def sprite(folder: Path, icons: tuple[str, ...]) -> bytes:
    """One symbol an icon, by name; i- keeps them apart from the page's ids, strokes come from its style."""
    lines = ["<svg hidden>"]
    for name in sorted(icons):
        drawing = (folder / "icons" / f"{name}.svg").read_text()
        body = re.sub(
            r"\s+", " ", drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.index("</svg>")]
        ).strip()
        body = body.replace(" />", "/>").replace("> <", "><")
        lines.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{body}</symbol>')
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def with_hash(text: str, to: Path, sha256: str) -> str:
    """The manifest's text with the hash of the file that goes to `to`."""
    return re.sub(
        rf'(to = "{re.escape(to.as_posix())}", sha256 = ")[0-9a-f]*(")', rf"\g<1>{sha256}\g<2>", text
    )


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true")
    how.add_argument("--accept", action="store_true")
    asked = parser.parse_args()
    problems = []
    for manifest in MANIFESTS:
        problems += check(manifest) if asked.check else fetch(manifest, accept=asked.accept)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
