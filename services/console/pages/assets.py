"""The static files: read once, kept packed in memory, served under an address that changes with any of them."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `packed` is empty where packing does not pay."""

    content_type: str
    content: bytes
    packed: bytes


class Assets:
    """All static files under one hash: a style sheet names its fonts relatively, so they must share the folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets: dict[str, Asset] = {}
        whole = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.suffix not in _TYPES:
                continue
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            whole.update(f"{name}\0".encode() + hashlib.sha256(content).digest())
            packed = b"" if path.suffix == ".woff2" else gzip.compress(content, 9, mtime=0)
            self._assets[name] = Asset(_TYPES[path.suffix], content, packed)
        self.prefix = f"/static/{whole.hexdigest()[:12]}/"

    def url(self, name: str) -> str:
        """Raises KeyError for a file that is not there: a template must not link to nothing."""
        self._assets[name]
        return self.prefix + name

    def find(self, path: str) -> Asset | None:
        """The file behind an address, only under the present hash."""
        return self._assets.get(path.removeprefix(self.prefix)) if path.startswith(self.prefix) else None

    def packed_size(self, name: str) -> int:
        """Bytes that travel to a browser."""
        asset = self._assets[name]
        return len(asset.packed or asset.content)
