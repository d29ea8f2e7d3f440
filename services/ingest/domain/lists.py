"""Whom a mailbox lets in, keeps out, or takes for spam: by address, domain, header field, or what our own server found.

Nothing is learnt here: what a list says was written by a person, or by the spam filter before us in a header field.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.ingest.domain.authentication import METHODS, RESULTS, Result, proves, results
from services.ingest.domain.headers import Headers
from services.ingest.domain.patterns import entry_of
from services.ingest.domain.received import Screening

ALLOW, BLOCK, SPAM = "allow", "block", "spam"
ADDRESS, DOMAIN, HEADER, AUTHENTICATION = "address", "domain", "header", "authentication"
MAX_ENTRIES = 5_000

_HEADER = re.compile(r"([!-9;-~]{1,80}):[ \t]*(\S.{0,500})")
_STATEMENT = re.compile(r"([a-z]{2,20}) ?= ?([a-z]{2,20})")


@dataclass(frozen=True, slots=True)
class HeaderEntry:
    """A field of that name whose value is as written; `*` stands for anything."""

    # Lower case.
    name: str
    value: str
    written: str

    def fits(self, headers: Headers) -> bool:
        return any(_fits(self.value, text.lower()) for text in headers.raw_all(self.name)[:20])


@dataclass(frozen=True, slots=True)
class Entries:
    """One list."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    headers: tuple[HeaderEntry, ...] = ()
    # (method, result).
    statements: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.addresses or self.domains or self.headers or self.statements)


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a mailbox, and the names that its own mail servers write into Authentication-Results."""

    allow: Entries = Entries()
    block: Entries = Entries()
    spam: Entries = Entries()
    authserv_ids: tuple[str, ...] = ()
    # Whose lists they are, where they are not the mailbox's own.
    channel_id: str = ""

    def __bool__(self) -> bool:
        return bool(self.allow or self.block or self.spam)


NO_LISTS = Lists()


def screen_by_all(
    own: Lists,
    others: Iterable[Lists],
    headers: Headers,
    sender: str,
    envelope_sender: str | None,
    author: str,
) -> Screening | None:
    """What the mailbox's own lists say of a mail, and where they say nothing, the first that others keep for all. What a
    mail server found counts only where it is the mailbox's own."""
    for lists in (own, *(replace(one, authserv_ids=own.authserv_ids) for one in others)):
        if lists and (found := screen(lists, headers, sender, envelope_sender, author)):
            return found
    return None


def screen(
    lists: Lists, headers: Headers, sender: str, envelope_sender: str | None, author: str
) -> Screening | None:
    """What the lists say of a mail: the allow list first, then the block list, then the spam list; None where nothing.

    `sender` is the address in From, `author` who wrote as the mailbox's patterns have it. Who is let in by address or
    domain must come from there as far as our server tells, where it is known to tell anything.
    """
    said = results(headers, lists.authserv_ids)
    if (allowed := _find(lists.allow, headers, [sender], said)) and _is_proven(allowed, sender, lists, said):
        return _screening(lists, ALLOW, allowed)
    whose = [one for one in dict.fromkeys((sender, envelope_sender or "", author)) if one]
    for verdict, entries in ((BLOCK, lists.block), (SPAM, lists.spam)):
        if found := _find(entries, headers, whose, said):
            return _screening(lists, verdict, found)
    return None


def _screening(lists: Lists, verdict: str, found: tuple[str, str]) -> Screening:
    by, entry = found
    return Screening(verdict, by, f"{entry} [{lists.channel_id}]" if lists.channel_id else entry)


def _is_proven(found: tuple[str, str], sender: str, lists: Lists, said: Sequence[Result]) -> bool:
    if found[0] not in (ADDRESS, DOMAIN) or not lists.authserv_ids:
        return True
    return proves(sender.rpartition("@")[2], said)


def _find(
    entries: Entries, headers: Headers, addresses: Iterable[str], said: Sequence[Result]
) -> tuple[str, str] | None:
    """What it is known by, and the entry."""
    for address in addresses:
        if address in entries.addresses:
            return ADDRESS, address
        if found := _domain_of(address, entries.domains):
            return DOMAIN, found
    for entry in entries.headers:
        if entry.fits(headers):
            return HEADER, entry.written
    for one in said:
        if (one.method, one.result) in entries.statements:
            return AUTHENTICATION, f"{one.method}={one.result}"
    return None


def _domain_of(address: str, domains: frozenset[str]) -> str:
    domain = address.rpartition("@")[2]
    while domain:
        if domain in domains:
            return domain
        domain = domain.partition(".")[2]
    return ""


def _fits(glob: str, text: str) -> bool:
    """Whether the text is as written, `*` for anything: by parts from left to right, in time linear in the text."""
    first, *others = glob.split("*")
    if not others:
        return text == glob
    if not text.startswith(first) or len(text) < len(glob) - len(others):
        return False
    at = len(first)
    for part in others[:-1]:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(others[-1]) and len(text) - len(others[-1]) >= at


def entries_of(written: Iterable[str]) -> Entries:
    """A list as people write it. Raises ValueError with the first entry that is none."""
    addresses: set[str] = set()
    domains: set[str] = set()
    headers: list[HeaderEntry] = []
    statements: set[tuple[str, str]] = set()
    for one in written:
        if statement := _STATEMENT.fullmatch(one.strip().lower()):
            method, result = statement.groups()
            if method not in METHODS or result not in RESULTS:
                raise ValueError(f"{', '.join(METHODS)} = {', '.join(RESULTS)}, and not {one}")
            statements.add((method, result))
        elif header := _HEADER.fullmatch(one.strip()):
            name, value = header.groups()
            headers.append(HeaderEntry(name.lower(), value.strip().lower(), one.strip()))
        elif found := entry_of(one):
            (addresses if "@" in found else domains).add(found)
        else:
            raise ValueError(
                "addresses, domains, header fields as X-Spam-Flag: YES, or results as dmarc=fail, and not"
                f" {one[:80]}"
            )
    return Entries(frozenset(addresses), frozenset(domains), tuple(headers), frozenset(statements))
