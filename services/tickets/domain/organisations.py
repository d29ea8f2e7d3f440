"""Organisations: whose domain an address is of. A provider at which anybody gets an address is nobody's."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.tickets.domain.people import normal_email

MOST_DOMAINS = 200
# Large mail providers open to everybody, worldwide and where our customers live, as their own sign-up pages offer them.
# fmt: off
_FREE_MAIL = frozenset({
    "126.com", "139.com", "163.com", "189.cn", "aim.com", "aliyun.com", "aol.com", "bigmir.net", "bk.ru",
    "bluewin.ch", "bol.com.br", "btinternet.com", "comcast.net", "cox.net", "daum.net", "email.cz", "email.de",
    "fastmail.com", "fastmail.fm", "foxmail.com", "free.fr", "freemail.hu", "freenet.de", "gazeta.pl",
    "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hey.com",
    "hotmail.be", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it",
    "i.ua", "icloud.com", "ig.com.br", "inbox.lv", "inbox.ru", "interia.pl", "internet.ru", "kakao.com",
    "laposte.net", "libero.it", "list.ru", "live.co.uk", "live.com", "live.de", "live.fr", "live.it", "live.nl",
    "mac.com", "mail.bg", "mail.com", "mail.ee", "mail.ru", "mail.ua", "mailbox.org", "me.com", "meta.ua",
    "msn.com", "naver.com", "o2.pl", "onet.pl", "op.pl", "orange.fr", "outlook.com", "outlook.com.br",
    "outlook.de", "outlook.es", "outlook.fr", "outlook.it", "outlook.pt", "pm.me", "poczta.onet.pl",
    "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "r7.com", "rambler.ru",
    "rediffmail.com", "rocketmail.com", "sapo.pt", "sbcglobal.net", "seznam.cz", "sfr.fr", "sina.com",
    "sky.com", "sohu.com", "t-online.de", "telenet.be", "terra.com.br", "tiscali.it", "tut.by", "tuta.com",
    "tutanota.com", "ukr.net", "uol.com.br", "verizon.net", "virgilio.it", "virginmedia.com", "wanadoo.fr",
    "web.de", "wp.pl", "xtra.co.nz", "ya.ru", "yahoo.ca", "yahoo.co.id", "yahoo.co.in", "yahoo.co.jp",
    "yahoo.co.uk", "yahoo.com", "yahoo.com.ar", "yahoo.com.br", "yahoo.com.mx", "yahoo.de", "yahoo.es",
    "yahoo.fr", "yahoo.it", "yandex.by", "yandex.com", "yandex.kz", "yandex.ru", "yandex.ua", "ymail.com",
    "zoho.com",
})
# fmt: on
_DOMAIN = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
# Second levels under which a country's registry sells names: they stand for no one company.
_SECOND_LEVELS = frozenset(
    {
        "ac",
        "co",
        "com",
        "edu",
        "gob",
        "gov",
        "gv",
        "ltd",
        "mil",
        "ne",
        "net",
        "nom",
        "or",
        "org",
        "plc",
        "sch",
    }
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company whose people write to us."""

    organisation_id: str
    name: str
    # In their normal form; all below them is the organisation's too, unless another has it.
    domains: tuple[str, ...] = ()
    # Our own: whoever writes from its domains is a colleague.
    is_own: bool = False


def domain_of(email: str) -> str:
    """The domain of an address in its normal form; empty where there is none."""
    return email.rpartition("@")[2] if "@" in email else ""


def normal_domain(text: str) -> str:
    """The domain as it is compared; empty where it can be no company's own."""
    domain = domain_of(normal_email(f"a@{text.strip().strip('@').rstrip('.')}"))
    if _DOMAIN.fullmatch(domain) is None:
        return ""
    first, _, rest = domain.partition(".")
    is_registrys = first in _SECOND_LEVELS and len(rest) == 2
    return "" if is_registrys else domain


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an address there."""
    return domain in _FREE_MAIL


class Organisations:
    """All organisations, found by domain."""

    def __init__(self, known: Iterable[Organisation]) -> None:
        self.all = tuple(known)
        self._by_id = {one.organisation_id: one for one in self.all}
        self._by_domain = {domain: one for one in self.all for domain in one.domains}

    def get(self, organisation_id: str) -> Organisation | None:
        """The organisation by id."""
        return self._by_id.get(organisation_id)

    def of_domain(self, domain: str) -> Organisation | None:
        """The organisation that has the domain, or the nearest one above it."""
        while domain:
            if (found := self._by_domain.get(domain)) is not None:
                return found
            domain = domain.partition(".")[2]
        return None
