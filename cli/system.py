"""The running system that the command speaks to: where its services are, and who asks."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import grpc

from chassis import rpc
from chassis.config import environment, load
from relaydesk.console.v1.service_pb2_grpc import LookupsServiceStub
from relaydesk.ingest.v1.channels_pb2_grpc import ChannelsServiceStub
from relaydesk.ingest.v1.screening_pb2_grpc import ScreeningServiceStub
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.sla.v1.what_if_pb2_grpc import WhatIfServiceStub
from relaydesk.tickets.v1.accounts_pb2_grpc import AccountsServiceStub
from relaydesk.tickets.v1.customers_pb2_grpc import CustomersServiceStub
from relaydesk.tickets.v1.service_pb2_grpc import TicketsServiceStub

Stub = TypeVar("Stub")

# Written by `make run`, beside the token file.
_WRITTEN = "relaydesk.env"


class NoToken(Exception):
    """Nothing says who asks."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things are; what is not set stands as `make run` has it by default."""

    # Who asks; where it is empty, the token that our own services share.
    relaydesk_token: str = ""
    internal_token_file: Path = Path(".run/internal.token")
    tickets_address: str = "127.0.0.1:50051"
    rules_address: str = "127.0.0.1:50052"
    sla_address: str = "127.0.0.1:50053"
    ingest_address: str = "127.0.0.1:50055"
    console_address: str = "127.0.0.1:50056"
    # For `peek` and `dead` only.
    broker_url: str = "amqp://guest:guest@127.0.0.1:5672/"
    exchange: str = "relaydesk.events"


class System:
    """Stubs of the services; nothing connects before the first call."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._channels: dict[str, grpc.Channel] = {}

    @cached_property
    def tickets(self) -> TicketsServiceStub:
        return self._stub(TicketsServiceStub, self.settings.tickets_address)

    @cached_property
    def customers(self) -> CustomersServiceStub:
        return self._stub(CustomersServiceStub, self.settings.tickets_address)

    @cached_property
    def accounts(self) -> AccountsServiceStub:
        return self._stub(AccountsServiceStub, self.settings.tickets_address)

    @cached_property
    def rules(self) -> RulesServiceStub:
        return self._stub(RulesServiceStub, self.settings.rules_address)

    @cached_property
    def sla(self) -> SlaServiceStub:
        return self._stub(SlaServiceStub, self.settings.sla_address)

    @cached_property
    def insight(self) -> InsightServiceStub:
        return self._stub(InsightServiceStub, self.settings.sla_address)

    @cached_property
    def what_ifs(self) -> WhatIfServiceStub:
        return self._stub(WhatIfServiceStub, self.settings.sla_address)

    @cached_property
    def ingest(self) -> IngestServiceStub:
        return self._stub(IngestServiceStub, self.settings.ingest_address)

    @cached_property
    def screening(self) -> ScreeningServiceStub:
        return self._stub(ScreeningServiceStub, self.settings.ingest_address)

    @cached_property
    def channels(self) -> ChannelsServiceStub:
        return self._stub(ChannelsServiceStub, self.settings.ingest_address)

    @cached_property
    def lookups(self) -> LookupsServiceStub:
        return self._stub(LookupsServiceStub, self.settings.console_address)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def _stub(self, make: Callable[[grpc.Channel], Stub], address: str) -> Stub:
        if address not in self._channels:
            self._channels[address] = rpc.channel(address, self._token())
        return make(self._channels[address])

    def _token(self) -> str:
        if self.settings.relaydesk_token:
            return self.settings.relaydesk_token
        path = self.settings.internal_token_file
        try:
            return path.read_text().strip()
        except OSError as error:
            raise NoToken(
                f"set RELAYDESK_TOKEN, or INTERNAL_TOKEN_FILE ({path}: {error.strerror})"
            ) from error


def system() -> System:
    """The system that the environment names, else the one that runs here. Raises ConfigError."""
    given = environment()
    return System(load(Settings, {**_written(given), **given}))


def _written(given: Mapping[str, str]) -> dict[str, str]:
    """What `make run` wrote down, where it ran in RUN_FOLDER, in this folder or in the one that the command is installed
    from."""
    folders = [Path(".run"), Path(__file__).parents[1] / ".run"]
    for folder in [Path(given["RUN_FOLDER"])] if given.get("RUN_FOLDER") else folders:
        path = folder / _WRITTEN
        if path.is_file():
            found = {"INTERNAL_TOKEN_FILE": str(folder / "internal.token")}
            for line in path.read_text().splitlines():
                name, _, value = line.partition("=")
                found[name] = "".join(shlex.split(value))
            return found
    return {}
