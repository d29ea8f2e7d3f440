"""Mail addresses as people and programs write them."""

import contextlib
import re
from dataclasses import dataclass
from functools import lru_cache

from services.ingest.domain.headers import decode_words

# More recipients than this are counted, not kept.
MAX_ADDRESSES = 100

_TOKEN = re.compile(
    # Bounded, or a field of quotes that never end would be read again from each of them.
    r'"(?:[^"\\]|\\.){0,500}+"'  # a quoted string
    r"|\((?:[^()\\]|\\.|\([^()]{0,100}\)){0,500}+\)"  # a comment
    r"|<[^<>]*>"
    r"|[,;]"
    r"|[^\",;()<]+"
    r"|.",
    re.DOTALL,
)
_BARE = re.compile(r"[^\s<>,;:()\"\[\]]+")
_NOT_BARE = re.compile(r"[\s<>,;()]")
_COMMENT = re.compile(r"\((?:[^()\\]|\\.){0,500}\)")
_AROUND = re.compile(r"\s*([.@])\s*")
_ADDRESS_MAX = 320


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    # Lower case, domain as A-label; empty where the field holds only a name.
    email: str


def parse_addresses(raw: str, limit: int = MAX_ADDRESSES) -> list[Address]:
    """Addresses of a To, Cc, From or Reply-To field, at most `limit`; names decoded, groups opened."""
    simple = _parse_simple(raw)
    if simple is not None:
        return [simple]
    found: list[Address] = []
    carried = ""
    for piece in _split(raw):
        name, email = _read_one(piece)
        if not email:
            # "Doe, John <john@x>": the comma was part of a name that nobody quoted.
            carried = f"{carried}, {name}" if carried else name
            continue
        if carried:
            name = f"{carried}, {name}" if name else carried
            carried = ""
        found.append(Address(name, email))
        if len(found) >= limit:
            break
    if not found and carried:
        found.append(Address(carried, ""))
    return found


@lru_cache(maxsize=4096)
def normalise(email: str) -> str:
    """How addresses are compared: lower case, domain as A-label; dots and plus tags kept."""
    local, at, domain = email.strip().strip("<>").strip().rpartition("@")
    if not at:
        return ""
    domain = domain.rstrip(".").lower()
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    local = local.strip().strip('"').lower()
    return f"{local}@{domain}" if local and domain else ""


def without_tag(email: str) -> str:
    """The mailbox of a normalised address: `support+t.1.2@x` is `support@x`."""
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _parse_simple(raw: str) -> Address | None:
    # One address, at most with a name before it: nine fields of ten.
    if "," in raw or ";" in raw or "(" in raw or raw.count("@") != 1:
        return None
    if "<" not in raw:
        if '"' in raw or ":" in raw or " " in raw.strip():
            return None
        return Address("", _valid(raw))
    name, _, rest = raw.partition("<")
    email, closed, tail = rest.partition(">")
    if not closed or tail.strip() or "<" in email or "@" not in email:
        return None
    return Address(_clean_name(name), _valid(email))


def _split(raw: str) -> list[str]:
    pieces: list[str] = []
    current: list[str] = []
    for match in _TOKEN.finditer(raw):
        token = match.group()
        if token in ",;":
            pieces.append("".join(current))
            current = []
            continue
        if token[0] not in '"(<' and ":" in token:
            # "Friends: a@x, b@y;" opens a group; its name is nobody's.
            token = token.rpartition(":")[2]
            current = []
        current.append(token)
    pieces.append("".join(current))
    return [piece for piece in pieces if piece.strip()]


def _read_one(piece: str) -> tuple[str, str]:
    start = piece.rfind("<")
    if start >= 0:
        end = piece.find(">", start)
        inner = piece[start + 1 : end if end > 0 else None]
        inner = _AROUND.sub(r"\1", _COMMENT.sub("", inner))
        email = _valid(inner.rpartition(":")[2] if inner.startswith("@") else inner)
        if email:
            return _clean_name(piece[:start]), email
    bare = next((word for word in _BARE.finditer(piece) if "@" in word.group()[1:-1]), None)
    if bare is None:
        return _clean_name(piece.replace("<", " ").replace(">", " ")), ""
    rest = piece[: bare.start()] + " " + piece[bare.end() :]
    return _clean_name(rest.replace("<", " ").replace(">", " ")), _valid(bare.group())


def _valid(email: str) -> str:
    email = decode_words(email).strip().strip("'\"")
    if len(email) > _ADDRESS_MAX:
        return ""
    if _NOT_BARE.search(email):
        email = next((word for word in _BARE.findall(email) if "@" in word), "")
    return normalise(email)


def _clean_name(raw: str) -> str:
    name = raw.strip()
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1]
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    name = " ".join(decode_words(name).split())
    if len(name) >= 2 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name[:200]
