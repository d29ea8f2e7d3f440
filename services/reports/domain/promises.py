"""A promise is one target of one ticket from its beginning on, as sla's facts tell of it.

It may be told missed and then met: an answer in time was heard late. A later epoch says that what came before is no
longer true, so what was counted is taken back, in whatever order the two are heard.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.reports.domain.tally import Labels


@dataclass(frozen=True, slots=True)
class Miss:
    """A breach that is counted, and where."""

    epoch: int
    at: datetime
    labels: Labels


@dataclass(frozen=True, slots=True)
class Promise:
    """What was heard of a promise. `met_epoch` is the latest under which it was met."""

    promise_id: str
    met_epoch: int = 0
    misses: tuple[Miss, ...] = ()

    def missed(self, miss: Miss) -> "Promise":
        """With one breach more; unchanged where it was taken back before it was heard."""
        if miss.epoch < self.met_epoch:
            return self
        return replace(self, misses=(*self.misses, miss))

    def met(self, epoch: int) -> tuple["Promise", tuple[Miss, ...]]:
        """With its being met, and the breaches that this takes back."""
        back = tuple(miss for miss in self.misses if miss.epoch < epoch)
        left = tuple(miss for miss in self.misses if miss.epoch >= epoch)
        return replace(self, met_epoch=max(self.met_epoch, epoch), misses=left), back
