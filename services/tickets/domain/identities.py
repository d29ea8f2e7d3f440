"""By what somebody is known again: addresses, phone numbers and ids, and what each of them proves."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache

import phonenumbers

from services.tickets.domain.commands import Sender
from services.tickets.domain.people import Requester, normal_email

EMAIL = "email"
PHONE = "phone"
EXTERNAL_ID = "external_id"
KINDS = (EMAIL, PHONE, EXTERNAL_ID)
# Of one person; more than anybody has.
MOST_IDENTITIES = 200
MOST_CLAIMS = 50

# Kinds of channel at whose provider one id is one person, whichever of our accounts they write to. Elsewhere an id counts
# within its channel: Meta's and Viber's are given anew for every page and bot.
_ONE_WORLD = frozenset({"ok", "telegram", "vk", "whatsapp"})
_SIGNS = {EMAIL: "e", PHONE: "p", EXTERNAL_ID: "x"}
_KINDS = {sign: kind for kind, sign in _SIGNS.items()}


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that somebody is known by. `scope` says where an external id counts: a channel, `kind/*` for all channels
    of a kind, or nothing, where our own company gave the id."""

    kind: str
    value: str
    scope: str = ""

    @property
    def key(self) -> str:
        """As the store finds it; one person has it."""
        if self.kind == EXTERNAL_ID:
            return f"x:{self.scope}:{self.value}"
        return f"{_SIGNS[self.kind]}:{self.value}"


def identity_of(key: str) -> Identity:
    """The identity that has the key."""
    sign, _, value = key.partition(":")
    if sign == "x":
        scope, _, value = value.partition(":")
        return Identity(EXTERNAL_ID, value, scope)
    return Identity(_KINDS[sign], value)


def is_key(text: str) -> bool:
    """Whether a text among those that somebody is found by is a key; words have no colon, a domain's begins with @."""
    return text[1:2] == ":"


def scope_of(channel: str, channel_kind: str) -> str:
    """Where an external id of the channel counts."""
    return f"{channel_kind}/*" if channel_kind in _ONE_WORLD else channel


def known_by(
    channel: str, channel_kind: str, email: str, phone: str, external_id: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that are the sender's, the strongest first, and those that are only claimed.

    By a channel comes one that says who writes: a mail's address, a provider's id, or where there is nothing better what
    the form holds. What stands beside it anybody may have typed, and it must not open another's history. Without a kind it
    is one of us who speaks, or a system of ours, and all is taken at its word.
    """
    if email and not phone and not external_id:
        return (f"e:{email}",), ()
    keys = []
    if email:
        keys.append(f"e:{email}")
    if external_id:
        key = f"x:{scope_of(channel, channel_kind)}:{external_id}"
        # A provider knows its people; the address that one of them names is only a word.
        keys.insert(0 if channel_kind not in ("", EMAIL) else len(keys), key)
    if phone:
        keys.append(f"p:{phone}")
    if not channel_kind:
        return tuple(keys), ()
    return tuple(keys[:1]), tuple(keys[1:])


def finding(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of somebody's keys by which they are looked for: a phone, which families and offices share, only alone."""
    return keys[:-1] if len(keys) > 1 and keys[-1].startswith("p:") else keys


@lru_cache(4096)
def normal_phone(text: str, region: str = "") -> str:
    """The number in E.164, empty where it is none. One without its country is read as of the region (ISO 3166, as RU)."""
    text = text.strip()
    has_country = text.startswith("+")
    if not has_country and not region:
        return ""
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    # What was guessed by the region has to be a number there; a country's new ranges are newer than any table.
    fits = phonenumbers.is_possible_number if has_country else phonenumbers.is_valid_number
    if not fits(number):
        return ""
    number.extension = None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_region(text: str) -> bool:
    """Whether phone numbers can be read as of it."""
    return text.upper() in phonenumbers.SUPPORTED_REGIONS


def normal_sender(sender: Sender, region: str) -> Sender:
    """The sender with a phone in E.164; what is none is at least a name for somebody who has no other."""
    if not sender.phone:
        return sender
    phone = normal_phone(sender.phone, region)
    if phone:
        return replace(sender, phone=phone)
    return replace(sender, phone="", name=sender.name or sender.email or sender.phone[:200])


def taught(known: Requester, sender: Sender, keys: Collection[str]) -> Requester:
    """The person with what was not known before; `keys` are theirs by now, and what is only claimed is not taken over."""
    email = known.email or (sender.email if f"e:{sender.email}" in keys else "")
    phone = known.phone or (sender.phone if f"p:{sender.phone}" in keys else "")
    external_id = known.external_id
    if not external_id and sender.external_id:
        own = (identity_of(key) for key in keys if key.startswith("x:"))
        external_id = sender.external_id if sender.external_id in {one.value for one in own} else ""
    return Requester(known.requester_id, known.name or sender.name, email, phone, external_id)


def as_they_wrote(person: Requester, sender: Sender, only: Collection[str] | None = None) -> Requester:
    """The person as a ticket has them: an answer goes where it was asked from, whatever else we know. `only` names the keys
    that count, where not all that was said does."""
    email = sender.email if only is None or f"e:{sender.email}" in only else ""
    phone = sender.phone if only is None or f"p:{sender.phone}" in only else ""
    external_id = sender.external_id if only is None else ""
    return Requester(
        person.requester_id,
        person.name,
        email or person.email,
        phone or person.phone,
        external_id or person.external_id,
    )


def identity_named(kind: str, value: str, scope: str, region: str) -> Identity | None:
    """The identity as a request names it, in its normal form; None where it is none."""
    value = value.strip()
    if kind == EMAIL:
        return Identity(EMAIL, normal_email(value)) if "@" in value else None
    if kind == PHONE:
        phone = normal_phone(value, region)
        return Identity(PHONE, phone) if phone else None
    return Identity(EXTERNAL_ID, value, scope) if value else None
