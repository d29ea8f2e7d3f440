"""What the kinds make of the settings of a channel that somebody wants."""

from collections.abc import Mapping, Sequence

from chassis.errors import InvalidField, InvalidFields
from services.ingest.adapters.kinds import Kind, check_settings
from services.ingest.adapters.mongo.channels import ChannelDirectory, MongoChannels
from services.ingest.domain.channel import Channel


class ChannelChecks:
    """Asks the kind, and the other channels about their addresses."""

    def __init__(
        self, kinds: Mapping[str, Kind], channels: MongoChannels, directory: ChannelDirectory
    ) -> None:
        self._kinds = kinds
        self._channels = channels
        self._directory = directory

    def mistakes(self, channel: Channel) -> Sequence[InvalidField]:
        """Everything that is wrong with the kind and the settings."""
        try:
            check_settings(self._kinds, channel.kind, channel.settings)
        except InvalidFields as invalid:
            return invalid.fields
        return self._taken_addresses(channel)

    def _taken_addresses(self, channel: Channel) -> list[InvalidField]:
        """An address leads to one mailbox only."""
        others = [one for one in self._channels.all() if one.channel_id != channel.channel_id]
        taken = {address: one.channel_id for one in others for address in self._directory.addresses_of(one)}
        return [
            InvalidField(
                "channel.settings.address",
                f"an address that the channel {taken[address]} does not have",
                address,
            )
            for address in self._directory.addresses_of(channel)
            if address in taken
        ]
