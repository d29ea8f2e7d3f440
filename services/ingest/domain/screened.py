"""A mail of which the mailbox's lists have something to say."""

from dataclasses import replace

from services.ingest.domain.lists import ADDRESS, ALLOW, AUTHENTICATION, BLOCK, DOMAIN, HEADER
from services.ingest.domain.lists import SPAM as SPAM_VERDICT
from services.ingest.domain.received import SPAM, ReceivedMessage, Screening

_BY = {
    ADDRESS: "the address {} is on the list",
    DOMAIN: "the domain {} is on the list",
    HEADER: "it carries {}",
    AUTHENTICATION: "our mail server found {}",
}


def screened(message: ReceivedMessage, screening: Screening | None) -> ReceivedMessage:
    """The message with what the lists say of it; who keeps a blocked one out is not decided here."""
    if screening is None:
        return message
    is_about_the_mail = screening.by in (HEADER, AUTHENTICATION)
    if screening.verdict == BLOCK and is_about_the_mail and message.thread.proven_ticket_ids:
        # Whoever holds our proof was written to by us: a filter's mistake, or a forwarder's, must not cost the answer.
        screening = replace(screening, verdict=SPAM_VERDICT)
    if screening.verdict == ALLOW:
        return replace(message, screening=screening)
    why = _BY[screening.by].format(screening.entry)
    what = "Blocked" if screening.verdict == BLOCK else "Taken for spam"
    explanation = f"{message.explanation} {what}: {why}.".strip()
    flags = message.flags if screening.verdict == BLOCK else (*message.flags, SPAM)
    return replace(message, screening=screening, explanation=explanation, flags=flags)
