"""Which lines of a mail are new: a slice of them, so that nothing between what was said is ever lost.

What is cut is only ever cut from the two ends. Quotes between a person's own lines stay, since they are answered there. A
mail in which a person said nothing of his own, or no more than "FYI" above a mail that is passed on, is left whole.
"""

from collections.abc import Sequence, Set

from services.ingest.domain.quotes import attribution, history
from services.ingest.domain.quotes.phrases import FYI
from services.ingest.domain.quotes.signatures import start_of_signature

_MOST_LINES = 8_000
# Lines that get a closer look, and rounds from the end; a mail that asks for more was made to cost.
_MOST_LOOKS = 300
_MOST_ROUNDS = 8
_GAP = 6

# Of such a line is drawn.
_DRAWN = "-_=—–*~ \t\r\xa0"

_BLANK, _OWN, _QUOTED = 0, 1, 2


def new_lines(
    lines: Sequence[str],
    ends_at: int | None = None,
    leads: Set[int] = frozenset(),
    signed: Set[int] = frozenset(),
) -> tuple[int, int] | None:
    """First and last-plus-one line of what is new; None where all is, or where that is not sure.

    From `ends_at` on everything is known to be history; lines of `leads` are known to lead to a quote, those
    of `signed` to be a signature.
    """
    if len(lines) > _MOST_LINES:
        return None
    whole = found = _trimmed(lines, 0, len(lines))
    kinds = [_kind(line) for line in lines]
    has_history = False
    # What is left must be whole by the same measure.
    for _ in range(_MOST_ROUNDS):
        cut = _Cut(lines, kinds, *found, ends_at, leads, signed)
        again = cut.run()
        if again is None:
            return None
        has_history = has_history or cut.has_history
        if again == found:
            said = " ".join(line.strip() for line in lines[found[0] : found[1]][:3])
            is_empty = has_history and said.casefold().strip(" .!:,…*-") in FYI
            return None if found == whole or is_empty else found
        found = again
    return None


def _trimmed(lines: Sequence[str], start: int, stop: int) -> tuple[int, int]:
    while start < stop and not lines[start].strip():
        start += 1
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    return start, stop


class _Cut:
    """One pass over the lines from `start` to `stop`."""

    def __init__(
        self,
        lines: Sequence[str],
        kinds: list[int],
        start: int,
        stop: int,
        ends_at: int | None,
        leads: Set[int],
        signed: Set[int],
    ) -> None:
        self.lines, self.kinds = lines, kinds
        self.start, self.stop = _trimmed(lines, start, stop)
        self.leads, self.signed = leads, signed
        self.has_history = False
        self._join_wrapped()
        if ends_at is not None and ends_at < self.stop:
            self._end_at(max(ends_at, self.start))

    def run(self) -> tuple[int, int] | None:
        if self.start >= self.stop:
            return None
        end = self._find_history()
        if end < self.stop:
            self._end_at(end)
        self._drop_tail()
        self._drop_lead()
        if not self._says_something(self.start, self.stop):
            return None
        return self.start, self.stop

    def _says_something(self, start: int, stop: int) -> bool:
        return any(
            self.kinds[index] == _OWN and self.lines[index].strip(_DRAWN) for index in range(start, stop)
        )

    def _end_at(self, stop: int) -> None:
        while stop > self.start and (
            not self.lines[stop - 1].strip() or history.is_rule(self.lines[stop - 1])
        ):
            stop -= 1
        self.stop = stop
        self.has_history = True

    def _join_wrapped(self) -> None:
        # A client that wraps a long quoted line leaves its end without a mark: mid-sentence, in lower case, between marks.
        kinds, lines = self.kinds, self.lines
        for index in range(self.start + 1, self.stop - 1):
            if kinds[index] != _OWN or kinds[index - 1] != _QUOTED or kinds[index + 1] != _QUOTED:
                continue
            above = lines[index - 1].rstrip()
            if len(above) >= 60 and above[-1] not in ".?!:;…>" and lines[index][:1].islower():
                kinds[index] = _QUOTED

    def _find_history(self) -> int:
        """The first line below which nothing is new, or `stop`."""
        lines, kinds, looks = self.lines, self.kinds, 0
        for index in range(self.start, self.stop):
            if kinds[index] != _OWN:
                continue
            line = lines[index]
            found = -1
            if history.is_separator(line):
                found = index
            elif looks < _MOST_LOOKS and len(line) < 400:
                if ":" in line[:40] or "：" in line[:40]:
                    looks += 1
                    if history.is_head(lines, index, self.stop):
                        found = index
                if found < 0 and attribution.may_end(line):
                    looks += 1
                    found = attribution.find(lines, index, self.start, above_quote=False)
            if found >= 0 and self._next_kind(index) != _QUOTED:
                # At the very top it heads what follows, and what follows may be anybody's.
                return found if self._says_something(self.start, found) else self.stop
        return self.stop

    def _next_kind(self, index: int) -> int:
        for below in range(index + 1, min(self.stop, index + 1 + _GAP)):
            if self.kinds[below] != _BLANK:
                return self.kinds[below]
        return _BLANK

    def _drop_tail(self) -> None:
        for _ in range(_MOST_ROUNDS):
            before = self.stop
            self._drop_quoted_tail()
            start = start_of_signature(self.lines, self.start, self._above_signed())
            if self._says_something(self.start, start):
                self.stop = start
            self.start, self.stop = _trimmed(self.lines, self.start, self.stop)
            if self.stop == before:
                return

    def _above_signed(self) -> int:
        stop = self.stop
        while stop > self.start and (stop - 1 in self.signed or not self.lines[stop - 1].strip()):
            stop -= 1
        return stop

    def _drop_quoted_tail(self) -> None:
        top = self.stop
        while top > self.start and self.kinds[top - 1] != _OWN:
            top -= 1
        if _QUOTED not in self.kinds[top : self.stop]:
            return
        self.has_history = True
        self.stop = self._above(top)

    def _above(self, top: int) -> int:
        """Where the lines that lead to the quote below `top` begin."""
        last = top - 1
        if last < self.start:
            return top
        if last in self.leads:
            while last > self.start and last - 1 in self.leads:
                last -= 1
            return last
        if history.is_separator(self.lines[last]):
            return last
        begin = attribution.find(self.lines, last, self.start, above_quote=True)
        return begin if begin >= 0 else top

    def _drop_lead(self) -> None:
        """The quote above an answer; where more quotes follow, each is answered in its place, and all stay."""
        first = self._lead_quote()
        if first < 0:
            return
        below = first
        while below < self.stop and self.kinds[below] != _OWN:
            below += 1
        if below >= self.stop or _QUOTED in self.kinds[below : self.stop]:
            return
        self.has_history = True
        self.start = below

    def _lead_quote(self) -> int:
        for index in range(self.start, min(self.stop, self.start + _GAP + 4)):
            if self.kinds[index] == _QUOTED:
                head = index
                while head > self.start and self.kinds[head - 1] == _BLANK:
                    head -= 1
                return index if head == self.start or self._above(head) == self.start else -1
        return -1


def _kind(line: str) -> int:
    lead = line[:4].lstrip()
    if lead[:1] == ">" or lead[:1] == "＞":
        # The end of an address that was wrapped right before its bracket.
        return _OWN if lead in (">:", "> :") else _QUOTED
    return _OWN if lead or line.strip() else _BLANK
