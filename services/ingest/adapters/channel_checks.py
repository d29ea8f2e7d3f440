"""What the kinds make of the settings of a channel that somebody wants."""

from collections.abc import Iterator, Mapping, Sequence

from chassis.errors import InvalidField, InvalidFields
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.kinds import Kind, check_settings
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.setting_fields import setting_fields
from services.ingest.domain.channel import Channel, is_one_line

# A text that may be longer has lines, as a signature does.
_LONGEST_LINE = 300


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
        return [*self._broken_lines(channel), *self._taken_addresses(channel)]

    def _broken_lines(self, channel: Channel) -> Iterator[InvalidField]:
        """What becomes a word of some protocol stays on its line."""
        for field in setting_fields(self._kinds[channel.kind]):
            value = channel.settings.get(field.name, "")
            if field.type == "text" and field.longest <= _LONGEST_LINE and not is_one_line(value):
                yield InvalidField(f"channel.settings.{field.name}", "one line without control characters")

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
            for address in self._directory.built(channel).addresses()
            if address in taken
        ]
