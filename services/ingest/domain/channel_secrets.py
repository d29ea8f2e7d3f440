"""Secrets of a channel: named where they are mounted, or kept encrypted beside the settings and told to nobody.

A setting whose name ends in `_secret` says where its secret is: the name under which it is mounted, or that it is kept here.
"""

import re
from collections.abc import Iterator, Mapping

_SUFFIX = "_secret"
_KEPT = "sealed:"
# A key in PEM is the longest that anybody has.
_LONGEST = 16_000
# What Kubernetes takes as keys of a secret. A password typed here by mistake mostly has some other character.
_MOUNTED = re.compile(r"[A-Za-z0-9._-]{1,253}")
# What says where a secret is sent to: settings of the same family (imap_..., smtp_...) with these endings.
_PLACES = ("_host", "_port", "_security", "_url", "_tenant")
# What a secret opens beside its own family: an access token is sent to the mail servers, and that of an application may open
# the mailbox of anybody who is named.
_OPENED = {"oauth": (("imap", "smtp"), ("_user", "_provider"), ("address",))}


def is_secret(setting: str) -> bool:
    """The setting says where a secret is."""
    return setting.endswith(_SUFFIX)


def kept(setting: str) -> str:
    """The value of a setting whose secret is kept here."""
    return f"{_KEPT}{setting}"


def name_of_kept(value: str) -> str:
    """The name under which a secret is kept here; empty where the value names a mounted one, or none."""
    return value.removeprefix(_KEPT) if value.startswith(_KEPT) else ""


def missing(value: str) -> str:
    """Why there is no secret, for a person."""
    if name_of_kept(value):
        return "the encrypted password cannot be opened, as the instance has another key now: give it again"
    return f"the secret {value or 'with the password'} is not mounted"


def shown(setting: str, value: str) -> str:
    """The value as a history may have it: of a secret only how it is kept, for a password typed in the wrong place is one."""
    if not is_secret(setting) or not value:
        return value
    return "encrypted" if name_of_kept(value) else "mounted"


def completed(
    wanted: Mapping[str, str], given: Mapping[str, str], before: Mapping[str, str]
) -> dict[str, str]:
    """The wanted settings, with where each secret is: those given now are kept, those kept before stay where nothing else
    is said of them."""
    whole = dict(wanted)
    for setting, value in before.items():
        if name_of_kept(value):
            whole.setdefault(setting, value)
    whole.update({setting: kept(setting) for setting in given})
    return whole


def mistakes_in(
    settings: Mapping[str, str],
    given: Mapping[str, str],
    before: Mapping[str, str],
    *,
    may_name: bool,
) -> Iterator[tuple[str, str]]:
    """(setting, what is expected) for what is wrong with the secrets.

    Who changes where a secret is sent to would learn it from the server named next. So a secret that is kept here must be
    given again then, and a mounted one is the business of those who `may_name` one.
    """
    for setting, secret in given.items():
        if not is_secret(setting):
            yield setting, "a setting that ends in _secret, for a secret"
        elif not 0 < len(secret) <= _LONGEST:
            yield setting, f"a secret of 1 to {_LONGEST} characters"
    for setting, value in settings.items():
        if not is_secret(setting) or not value or setting in given:
            continue
        has_moved = value != before.get(setting, "") or _moved(setting, settings, before)
        if name := name_of_kept(value):
            if name != setting or before.get(setting) != value:
                yield setting, "the secret itself, among the secrets: none is kept here"
            elif has_moved:
                yield setting, "the secret once more, as it would be sent to another place than before"
        elif not _MOUNTED.fullmatch(value):
            yield setting, "the name of a mounted secret; the secret itself belongs among the secrets"
        elif has_moved and not may_name:
            yield (
                setting,
                "the secret itself: only administrators name mounted secrets and where they are sent",
            )


def _moved(secret: str, settings: Mapping[str, str], before: Mapping[str, str]) -> bool:
    family = secret.partition("_")[0]
    others, endings, names = _OPENED.get(family, ((), (), ()))
    families = tuple(f"{one}_" for one in (family, *others))
    places = {
        name
        for name in (*settings, *before)
        if name in names or (name.startswith(families) and name.endswith((*_PLACES, *endings)))
    }
    return any(settings.get(name, "") != before.get(name, "") for name in places)
