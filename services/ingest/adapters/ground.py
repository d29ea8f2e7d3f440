"""What the roles of ingest share: its stores, its directory and its edge."""

from collections.abc import Mapping
from functools import cached_property, partial

from chassis.addresses import is_of_the_world, system_resolver, undisguised
from chassis.config import ConfigError
from chassis.service import LANES, Parts
from services.ingest.adapters import intake_queues
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.edge import Backlog, Edge
from services.ingest.adapters.intake_queues import IntakePublisher
from services.ingest.adapters.kinds import Kind
from services.ingest.adapters.mongo import INDEXES
from services.ingest.adapters.mongo.access_tokens import MongoAccessTokens
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.mongo.mailboxes import MongoMailboxes
from services.ingest.adapters.mongo.sends import MongoSends
from services.ingest.adapters.oauth.providers import ask
from services.ingest.adapters.oauth.tokens import AccessTokens
from services.ingest.adapters.sealing import Seal
from services.ingest.adapters.wire import CONSUMES
from services.ingest.config import Settings
from services.ingest.domain.channel import Channel
from services.ingest.domain.inside import Places, opened_by
from services.ingest.domain.tokens import Tokens


class Ground:
    """Each part is made once, and only where a role asks for it."""

    def __init__(self, parts: Parts, settings: Settings, kinds: Mapping[str, Kind]) -> None:
        self.parts = parts
        self.settings = settings
        self.instance_key = _key_bytes(settings.instance_key)
        self.kinds = kinds

    @cached_property
    def intake(self) -> MongoIntake:
        return MongoIntake(self.parts.database, self.parts.clock)

    @cached_property
    def files(self) -> MongoFiles:
        return MongoFiles(self.parts.database, self.parts.clock)

    @cached_property
    def channels(self) -> MongoChannels:
        return MongoChannels(self.parts.database, self.parts.clock, self.seal)

    @cached_property
    def seal(self) -> Seal:
        return Seal(self.instance_key)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        parts = self.parts
        asking = partial(ask, addresses=self.places.addresses)
        return AccessTokens(MongoAccessTokens(parts.database, self.seal), parts.leases, parts.clock, asking)

    @cached_property
    def directory(self) -> ChannelDirectory:
        return ChannelDirectory(
            self.channels,
            self.kinds,
            Tokens(self.instance_key),
            self._secret,
            self.access_tokens.of,
            self.places.addresses,
        )

    @cached_property
    def places(self) -> Places:
        return places_of(self.settings)

    @cached_property
    def sends(self) -> MongoSends:
        return MongoSends(
            self.parts.database, self.parts.clock, self.parts.outbox(), self.settings.send_claim
        )

    @cached_property
    def mailboxes(self) -> MongoMailboxes:
        return MongoMailboxes(self.parts.database, self.parts.clock)

    @cached_property
    def edge(self) -> Edge:
        parts, settings = self.parts, self.settings
        backlog = Backlog(self.intake, self.directory, settings.backlog_limit, parts.metrics)
        return Edge(self.intake, self.publisher, self.directory, backlog, parts.clock, parts.metrics)

    @cached_property
    def publisher(self) -> IntakePublisher:
        return IntakePublisher(
            self.parts.bus, self.parts.publisher(), self.intake, self._lane_of, self.parts.metrics
        )

    def takes(self, channel: Channel) -> bool:
        """This process reads the channel's intake."""
        settings = self.settings
        return (
            channel.lane in settings.lanes
            and (not settings.only_channels or channel.channel_id in settings.only_channels)
            and (not settings.only_kinds or channel.kind in settings.only_kinds)
        )

    def prepare(self) -> None:
        """Indexes, queues and bindings. Raises Unavailable."""
        self.parts.prepare(INDEXES, CONSUMES)
        intake_queues.prepare(self.parts.bus, [channel.channel_id for channel in self.channels.all()])

    def _lane_of(self, channel_id: str) -> str:
        found = self.directory.find(channel_id)
        return found[0].lane if found is not None else LANES[-1]

    def _secret(self, name: str) -> str:
        path = self.settings.secrets_folder / name
        if not name or path.parent != self.settings.secrets_folder or not path.is_file():
            raise KeyError(name)
        return path.read_text().strip()


def places_of(settings: Settings) -> Places:
    """Which mail servers may be called. Raises ConfigError where a network is not written as one."""
    try:
        opened = opened_by(settings.mail_inside)
    except ValueError as wrong:
        raise ConfigError([f"MAIL_INSIDE: expected {wrong}"]) from None
    return Places(opened, system_resolver, is_of_the_world, undisguised)


def _key_bytes(instance_key: str) -> bytes:
    try:
        return bytes.fromhex(instance_key)
    except ValueError:
        return instance_key.encode()
