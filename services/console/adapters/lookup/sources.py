"""The file of sources becomes systems to ask. docs/lookup.md describes it."""

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chassis.addresses import Network
from chassis.clock import epoch_milliseconds
from chassis.config import ConfigError
from chassis.ids import new_id
from services.console.adapters.lookup.customers import ContractSystem
from services.console.adapters.lookup.reading import JsonReader
from services.console.adapters.lookup.retailcrm import Manners, RetailCrm
from services.console.adapters.lookup.signing import keys_of
from services.console.application.look_up import OutsideSystem
from services.console.domain.outside import DENIED, LookupFailed, Source

T = TypeVar("T")
Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


class _Entry(BaseModel):
    """What every source has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,39}$")]
    # Over its part of the ticket's page; the id where empty.
    name: Annotated[str, Field(max_length=60)] = ""
    url: str
    # The file of its signing secret or API key, in SECRETS_FOLDER.
    secret: Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
    # Hosts that its links may lead to.
    link_hosts: tuple[Host, ...] = ()
    # http, for a system on our own network.
    allow_http: bool = False
    # Networks that its address may lie in although they are not public.
    allow_addresses: tuple[str, ...] = ()
    # Certificates to trust instead of the system's.
    ca_file: Path | None = None
    # Channels whose external ids are this system's own.
    external_ids_of: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii():
            raise ValueError("expected an address as https://shop.example.com/path")
        if parts.username is not None or parts.query or parts.fragment or parts.port == 0:
            raise ValueError("expected an address without password, query and fragment")
        return url

    @field_validator("allow_addresses")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @model_validator(mode="after")
    def _is_encrypted(self) -> "_Entry":
        if self.url.startswith("http:") and not self.allow_http:
            raise ValueError(
                "url: http needs allow_http: true; what is asked and answered can be read on the way"
            )
        return self

    @property
    def source(self) -> Source:
        return Source(self.id, self.name or self.id, frozenset(self.external_ids_of))

    def reader(self) -> JsonReader:
        networks: list[Network] = [ip_network(network) for network in self.allow_addresses]
        return JsonReader(self.url, allowed=networks, ca_file=str(self.ca_file) if self.ca_file else None)


class _Contract(_Entry):
    kind: Literal["customers"]


class _RetailCrm(_Entry):
    kind: Literal["retailcrm"]
    # Of the account: its moments come without one.
    time_zone: str = "Europe/Moscow"
    # What agents read instead of a status's code.
    statuses: dict[str, str] = {}

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("expected a time zone as Europe/Moscow")
        return zone


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[Annotated[_Contract | _RetailCrm, Field(discriminator="kind")]]


def open_sources(path: Path, secrets: Path) -> Sequence[OutsideSystem]:
    """The systems that the file names, in its order. Raises ConfigError with everything that is wrong."""
    try:
        entries = _File.model_validate(yaml.safe_load(path.read_text()) or {"sources": []}).sources
    except OSError as error:
        raise ConfigError([f"LOOKUPS_FILE: cannot be read: {error.strerror}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"LOOKUPS_FILE: not YAML: {' '.join(str(error).split())}"]) from error
    except ValidationError as error:
        raise ConfigError([_mistake(one["loc"], one["msg"]) for one in error.errors()]) from error
    problems = [
        f"LOOKUPS_FILE: two sources have the id {entry.id}"
        for place, entry in enumerate(entries)
        if entry.id in {other.id for other in entries[:place]}
    ]
    systems: list[OutsideSystem] = []
    for entry in entries:
        try:
            systems.append(_system_of(entry, secrets / entry.secret))
        except (OSError, ValueError) as error:
            problems.append(f"LOOKUPS_FILE: {entry.id}: {error}")
    if problems:
        raise ConfigError(problems)
    return systems


def _mistake(place: tuple[int | str, ...], text: str) -> str:
    return f"LOOKUPS_FILE: {'.'.join(map(str, place))}: {text.removeprefix('Value error, ')}"


def _system_of(entry: _Contract | _RetailCrm, secret: Path) -> OutsideSystem:
    # Read once to refuse a wrong one before the first agent meets it, and again for each question.
    if isinstance(entry, _Contract):
        keys_of(secret.read_text())
        return ContractSystem(
            entry.source, entry.reader(), entry.link_hosts, lambda: _read(secret, keys_of), _stamp
        )
    _api_key(secret.read_text())
    pages = "{0.scheme}://{0.netloc}".format(urlsplit(entry.url))
    manners = Manners(pages, ZoneInfo(entry.time_zone), entry.statuses)
    return RetailCrm(entry.source, entry.reader(), entry.link_hosts, lambda: _read(secret, _api_key), manners)


def _read(secret: Path, parse: Callable[[str], T]) -> T:
    try:
        return parse(secret.read_text())
    except (OSError, ValueError) as error:
        raise LookupFailed(DENIED, f"the secret {secret.name} cannot be used: {error}") from error


def _api_key(text: str) -> str:
    key = text.strip()
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        raise ValueError("an API key is one line of letters and digits")
    return key


def _stamp() -> tuple[str, int]:
    """An id and the present second, for a signature."""
    return f"msg_{new_id()}", epoch_milliseconds() // 1000
