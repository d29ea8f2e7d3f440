"""What our own mail server found of a sender: Authentication-Results as RFC 8601 has it.

Anybody can write such a field into a mail. Those count that carry the id of our own server (section 2.5), which removes
whatever comes in under that id (section 5); all others are not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ingest.domain.addresses import parse_addresses
from services.ingest.domain.headers import Headers

FIELD = "authentication-results"
# Some servers name themselves in no field, Exchange Online among them: the topmost field without a name is theirs.
NO_ID = "none"
_MOST_FIELDS = 20
_LONGEST = 8 * 1024
METHODS = ("dmarc", "dkim", "spf", "arc", "auth", "compauth", "iprev")
# What sections 2.7.1 to 2.7.4 let a method say.
RESULTS = ("pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror", "bestguesspass")


@dataclass(frozen=True, slots=True)
class Result:
    """One method's word, with the domain that it is about, as far as the server names it."""

    method: str
    result: str
    domain: str = ""


def results(headers: Headers, authserv_ids: Sequence[str]) -> tuple[Result, ...]:
    """What our server says of the mail, topmost first; nothing where no id of ours is set."""
    if not authserv_ids or not headers.has(FIELD):
        return ()
    found: list[Result] = []
    nameless_is_ours = NO_ID in authserv_ids
    for raw in headers.raw_all(FIELD)[:_MOST_FIELDS]:
        statements = _statements(raw[:_LONGEST])
        name = statements[0].partition(" ")[0].lower() if statements else ""
        if "=" in name:
            if nameless_is_ours:
                found += map(_result, statements)
            # Below the topmost somebody else may have written it.
            nameless_is_ours = False
        elif name in authserv_ids and name != NO_ID:
            found += map(_result, statements[1:])
    return tuple(one for one in found if one.method and one.result)


def proves(domain: str, said: Sequence[Result]) -> bool:
    """Whether our server found that the mail comes from the domain: DMARC passed, or SPF or DKIM did for it (the relaxed
    alignment of RFC 7489, 3.1, by names alone)."""
    for one in said:
        if one.result != "pass" or one.method not in ("dmarc", "dkim", "spf"):
            continue
        if one.method == "dmarc" and one.domain in ("", domain):
            return True
        if one.domain and "." in one.domain and _is_within(one.domain, domain):
            return True
    return False


def is_author_proven(headers: Headers, author: str, authserv_ids: Sequence[str]) -> bool:
    """Whether our server proves the domain of the one author that the mail has.

    Where a second From is hidden from it, what it found may be of the other (RFC 7489, 6.6.1).
    """
    domain = author.rpartition("@")[2]
    said = results(headers, authserv_ids)
    if not domain or not said or any(one.method == "dmarc" and one.result == "fail" for one in said):
        return False
    is_alone = headers.count("from") == 1 and len(parse_addresses(headers.raw("from"), 3)) == 1
    return is_alone and proves(domain, said)


def _is_within(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _statements(raw: str) -> list[str]:
    """The parts between semicolons, without comments, blanks made one; quotes are taken off."""
    parts: list[list[str]] = [[]]
    depth, is_quoted, is_escaped = 0, False, False
    for letter in raw:
        if is_escaped:
            is_escaped = False
            if not depth:
                parts[-1].append(_inert(letter))
        elif letter == "\\":
            is_escaped = True
        elif letter == '"' and not depth:
            is_quoted = not is_quoted
        elif is_quoted:
            parts[-1].append(_inert(letter))
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif letter == ";":
            parts.append([])
        else:
            parts[-1].append(letter)
    texts = [" ".join("".join(part).replace(" =", "=").replace("= ", "=").split()) for part in parts]
    return [text for text in texts if text]


def _inert(letter: str) -> str:
    # Servers copy what the sender calls himself into quotes: a property that is written in there is none.
    return "\0" if letter.isspace() or letter in "=;" else letter


def _result(statement: str) -> Result:
    words = statement.lower().split(" ")
    method, equals, result = words[0].partition("=")
    if not equals:
        return Result("", "")
    domain = ""
    wanted = {
        "dmarc": ("header.from",),
        "dkim": ("header.d", "header.i"),
        "spf": ("smtp.mailfrom", "smtp.helo"),
    }
    properties: dict[str, str] = {}
    for word in words[1:]:
        name, _, value = word.partition("=")
        # One that is there twice was written by two.
        properties[name] = "" if name in properties else value
    for name in wanted.get(method, ()):
        if value := properties.get(name, ""):
            domain = value.rpartition("@")[2].strip(".")
            break
    # The version of a method, as `dkim/1`.
    return Result(method.partition("/")[0], result, domain)
