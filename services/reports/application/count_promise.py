"""A promise was missed or met."""

from services.reports.application.ports import CountingPorts
from services.reports.domain import figures as names
from services.reports.domain.facts import CountPromise
from services.reports.domain.promises import Miss

# Nothing can have been said under an epoch before it.
_FIRST_EPOCH = 1


def count_promise(command: CountPromise, ports: CountingPorts) -> None:
    """Count it at its moment; one that is met takes back the breaches of its earlier epochs."""
    known = ports.promises.get(command.promise_id)
    if not command.is_met:
        after = known.missed(Miss(command.epoch, command.at, command.labels))
        if after != known:
            ports.tally.at(command.at, command.labels).count(names.BREACHED)
            ports.promises.keep(after)
        return
    ports.tally.at(command.at, command.labels).count(names.MET)
    if command.epoch <= _FIRST_EPOCH:
        return
    after, back = known.met(command.epoch)
    for miss in back:
        ports.tally.at(miss.at, miss.labels).count(names.BREACHED, -1)
    ports.promises.keep(after)
