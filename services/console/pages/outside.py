"""What systems outside know of a ticket's requester: each its own part of the page, asked for once the page stands."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import Blueprint, Response

from chassis.errors import NotFound
from services.console.domain import outside
from services.console.domain.outside import Customer, LookupFailed, Source, sought_of
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import part
from services.console.pages.words import Words

# It may be otherwise in a moment; all other failures stay until somebody sets the source up anew.
_PASSING = outside.UNWELL | {outside.RESTING, outside.BUSY}


@dataclass(frozen=True, slots=True)
class Outside:
    """Who was found, or in words why nobody can be shown. `is_known`: there is something to look for at all."""

    is_known: bool = True
    customers: tuple[Customer, ...] = ()
    failure: str = ""
    reason: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("outside", __name__)

    @pages.get("/tickets/<int:number>/outside/<source_id>")
    def show(number: int, source_id: str) -> Response:
        source = next((one for one in console.desk.lookups.sources if one.source_id == source_id), None)
        if source is None:
            raise NotFound(f"source {source_id}")
        # Also where the ticket cannot be read: the part is asked for alone, and must not go on saying that it asks.
        looked = part(lambda: look(console, number, source))
        return page("parts/outside.html", looked=looked, source=source, number=number)

    return pages


def look(console: Console, number: int, source: Source) -> Outside:
    """Ask one system about the ticket's requester. Raises NotFound, and Unavailable where tickets are."""
    sought = sought_of(console.desk.tickets.get_ticket(number), source)
    if not sought:
        return Outside(is_known=False)
    try:
        return Outside(customers=console.desk.lookups.find(source.source_id, sought))
    except LookupFailed as error:
        # Nothing of the person: neither by what nor what was found.
        structlog.get_logger(__name__).warning(
            "lookup_failed", source=source.source_id, outcome=error.outcome, detail=error.detail
        )
        words = frame().words
        return Outside(failure=failure_of(words, source, error), reason=reason_of(words, error))


def failure_of(words: Words, source: Source, error: LookupFailed) -> str:
    """What is the matter, as a headline."""
    _ = words.gettext
    if error.outcome in _PASSING:
        return _("%(what)s is not reachable") % {"what": source.name}
    return _("%(what)s cannot be shown") % {"what": source.name}


def reason_of(words: Words, error: LookupFailed) -> str:
    """Why, and what to do about it."""
    _ = words.gettext
    if error.outcome == outside.RESTING:
        length = words.duration(timedelta(seconds=max(1.0, error.retry_in)))
        return _("It failed several times in a row and is asked again in %(length)s.") % {"length": length}
    passing = {
        outside.TIMEOUT: _("It did not answer within 2 seconds."),
        outside.UNREACHABLE: _("No connection to it could be made."),
        outside.FAILED: _("It has a fault of its own, or too much to do."),
        outside.BUSY: _("It has several questions to answer already."),
    }
    if error.outcome in passing:
        return passing[error.outcome]
    lasting = {
        outside.BLOCKED: _("Its address is one that may not be called."),
        outside.REDIRECTED: _("It leads elsewhere, and that is not followed."),
        outside.DENIED: _("It does not accept our key."),
        outside.REFUSED: _("It refused the question."),
        outside.TOO_LARGE: _("Its answer is too large."),
    }
    why = lasting.get(error.outcome, _("Its answer could not be read."))
    return f"{why} {_('Tell the people in charge if it stays.')}"
