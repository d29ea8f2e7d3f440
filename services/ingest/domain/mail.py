"""A raw mail understood: who wrote what, where it belongs, and what a person should know of it.

What cannot be read at all (CannotRead) is: nothing but white space; bytes without a single header field that are not
text; or a mail that has neither author nor subject nor text nor attachment. Anything else becomes a message, with the
best that can be had of it and a flag for what was wrong.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from services.ingest.domain import mime
from services.ingest.domain.addresses import MAX_ADDRESSES, Address, normalise, parse_addresses, without_tag
from services.ingest.domain.authentication import is_author_proven, proves, results
from services.ingest.domain.automatic import judge
from services.ingest.domain.body import Body, read_body
from services.ingest.domain.bounces import find_bounce
from services.ingest.domain.errors import CannotRead
from services.ingest.domain.filled_in import filled_in, may_be_filled_in
from services.ingest.domain.headers import Headers, message_ids, parse_date
from services.ingest.domain.lists import NO_LISTS, Lists, screen_by_all
from services.ingest.domain.mime import Mail, parse_mail
from services.ingest.domain.patterns import MailPattern
from services.ingest.domain.picking import Letter, read_by_patterns
from services.ingest.domain.received import (
    AUTHOR_PROVEN,
    BROKEN_MIME,
    CLAIMED,
    ENCRYPTED,
    LOOP,
    MAX_HOPS,
    OWN_ADDRESS,
    PLAIN_THREADING,
    READ_RECEIPT,
    SPOOFED_TOKEN,
    SUPPRESS_ANSWER,
    TOO_MANY_HOPS,
    TOO_MANY_PARTS,
    TOO_MANY_RECIPIENTS,
    AttachmentPart,
    Author,
    ReceivedMessage,
    Thread,
    Threading,
)
from services.ingest.domain.screened import screened
from services.ingest.domain.tokens import Tokens

LOOP_HEADER = "X-Relaydesk-Loop"
_LOOP_FIELD = LOOP_HEADER.lower()
MAX_SUBJECT = 500
# Of the fields of one name, before they are read.
_MAX_FIELDS = 256 * 1024
# As many addresses as are kept, each of the longest, fit twice.
_MAX_RECIPIENTS = 64 * 1024

# Fields in which a server or a person names one of our addresses.
_PLACES = {"to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"}
_SOMETHING = re.compile(rb"[^\x00 \t\r\n]")
_MENTION = re.compile(r"\[(?:\w{1,20}[ ]?)?#[ ]?(\d{1,15})\]")


@dataclass(frozen=True, slots=True)
class House:
    """What this instance knows of itself when it reads a mail."""

    tokens: Tokens
    # Is this normalised address (without a plus tag) one of our mailboxes?
    is_ours: Callable[[str], bool]
    # Addresses in whose name web forms write; their Reply-To is the person.
    form_senders: frozenset[str] = frozenset()
    # How mails of forms, shops and marketplaces are read; the first that fits.
    patterns: Sequence[MailPattern] = ()
    # Whom the mailbox lets in, keeps out, or takes for spam.
    lists: Lists = NO_LISTS
    # Those that other mailboxes keep for all.
    company_lists: Callable[[], Iterable[Lists]] = tuple
    threading: Threading = PLAIN_THREADING
    # Servers whose word proves that an agent wrote; empty where none is asked.
    agents_proven_by: Sequence[str] = ()


def read_mail(raw: bytes, envelope_sender: str | None, house: House) -> ReceivedMessage:
    """The message that a raw mail is; `envelope_sender` is "" for MAIL FROM <>, None where nobody knows.

    Raises CannotRead where there is nothing to show.
    """
    if not _SOMETHING.search(raw):
        raise CannotRead("the mail is empty")
    mail = parse_mail(raw)
    headers = mail.root.headers
    if not len(headers) and _is_binary(raw):
        raise CannotRead("the bytes are not a mail: no header field and no text")

    flags: dict[str, None] = {}
    sender = _first(parse_addresses(headers.raw("from"), 3) or parse_addresses(headers.raw("sender"), 3))
    author = _author(headers, sender, envelope_sender, house)
    subject = headers.text("subject").replace("\n", " ").strip()[:MAX_SUBJECT]
    if mail.root.mime_type == "multipart/encrypted":
        # Only the receiver's mail program can open it, and it needs the whole.
        whole = AttachmentPart("encrypted.eml", "message/rfc822", raw)
        body = Body("", "", False, (whole,), (ENCRYPTED,))
    else:
        body = read_body(mail.root)
    names_author = any(headers.raw(name) for name in ("from", "sender", "reply-to"))
    if not (names_author or subject or body.text or body.html or body.files):
        raise CannotRead("the mail has no author, no subject, no text and no attachment")

    thread, is_spoofed = _thread(headers, subject, house)
    if is_spoofed:
        flags[SPOOFED_TOKEN] = None
    if quoted := house.tokens.marked(body.text, body.html):
        thread = replace(thread, quoted_ticket_ids=quoted)
    _judge_road(headers, sender, author, thread, house, flags)
    # Of a form the person counts: its mails come from a no-reply address more often than not.
    wrote_a_form = bool(sender.email) and author.email != sender.email
    if wrote_a_form:
        flags[CLAIMED] = None
    verdict = judge(headers, envelope_sender, author.email if wrote_a_form else sender.email, subject)
    if verdict.is_answer_suppressed:
        flags[SUPPRESS_ANSWER] = None
    if mail.root.mime_type == "multipart/report" and "disposition" in mail.root.content_type.get(
        "report-type"
    ):
        flags[READ_RECEIPT] = None
    to, cc = _recipients(headers, flags)
    _judge_structure(mail, flags)
    flags.update(dict.fromkeys(body.flags))
    message = ReceivedMessage(
        author=author,
        subject=subject,
        text=body.text,
        html=body.html,
        said=body.said,
        said_html=body.said_html,
        is_truncated=body.is_truncated,
        sent_at=parse_date(headers.raw("date")),
        attachments=body.files,
        thread=thread,
        threading=house.threading,
        is_automatic=verdict.is_automatic,
        automatic_reason=verdict.reason,
        bounce=find_bounce(mail, raw, envelope_sender, sender.email),
        flags=tuple(flags),
        to=to,
        cc=cc,
    )
    return _as_the_mailbox_reads(message, headers, sender, envelope_sender, house)


def _as_the_mailbox_reads(
    message: ReceivedMessage, headers: Headers, sender: Address, envelope_sender: str | None, house: House
) -> ReceivedMessage:
    """The message after the mailbox's own patterns and lists, and with what is proven of its author."""
    if house.patterns and may_be_filled_in(headers, message):
        said = results(headers, house.lists.authserv_ids)
        is_proven = proves(sender.email.rpartition("@")[2], said)
        letter = Letter(headers, sender, message.subject, message.text, message.html, is_proven)
        message = filled_in(message, read_by_patterns(letter, house.patterns, house.is_ours))
    # Whom a form or a pattern names has proven nothing.
    wrote_it = bool(sender.email) and message.author.email == sender.email
    if wrote_it and is_author_proven(headers, sender.email, house.agents_proven_by):
        message = replace(message, flags=(*message.flags, AUTHOR_PROVEN))
    # That a mail of ours did not arrive is worth knowing whoever says so.
    if message.bounce is None:
        envelope = normalise(envelope_sender or "")
        found = screen_by_all(
            house.lists, house.company_lists(), headers, sender.email, envelope, message.author.email
        )
        message = screened(message, found)
    return message


# ------------------------------------------------------------------------------------------------- who and where


def _author(headers: Headers, sender: Address, envelope_sender: str | None, house: House) -> Author:
    replies = headers.raw("reply-to")
    is_form = sender.email in house.form_senders or (
        bool(sender.email) and house.is_ours(without_tag(sender.email))
    )
    if replies and (is_form or not sender.email):
        person = _first(parse_addresses(replies, 3))
        if person.email and not house.is_ours(without_tag(person.email)):
            return Author(name=person.name, email=person.email)
    if sender.email:
        return Author(name=sender.name, email=sender.email)
    fallback = (
        normalise(envelope_sender or "") or _first(parse_addresses(headers.raw("return-path"), 1)).email
    )
    return Author(name=sender.name, email=fallback)


def _thread(headers: Headers, subject: str, house: House) -> tuple[Thread, bool]:
    message_id = next(iter(message_ids(headers.raw("message-id"), 1)), "")
    # Some programs list several; the last is the one that was answered.
    in_reply_to = next(iter(message_ids(headers.raw("in-reply-to"), 1)), "")
    said = headers.raw_all("references")
    references = message_ids(" ".join(said)[-_MAX_FIELDS:]) if said else ()
    places = [value for name, value in headers.fields if name in _PLACES]
    proof = house.tokens.prove(places, in_reply_to, references)
    numbers = _MENTION.findall(subject) if "#" in subject else ()
    mentioned = tuple(dict.fromkeys(int(number) for number in numbers))[:10]
    return Thread(message_id, in_reply_to, references, proof.ticket_ids, mentioned), proof.is_spoofed


def _judge_road(
    headers: Headers, sender: Address, author: Author, thread: Thread, house: House, flags: dict[str, None]
) -> None:
    is_own = bool(sender.email) and house.is_ours(without_tag(sender.email))
    if is_own and author.email == sender.email:
        # A colleague in the shared mailbox; a form that writes in its name has a person in Reply-To.
        flags[OWN_ADDRESS] = None
    carries_our_mark = house.tokens.instance_id in (value.strip() for value in headers.raw_all(_LOOP_FIELD))
    if carries_our_mark or (is_own and house.tokens.is_own_message_id(thread.message_id)):
        flags[LOOP] = None
    if headers.count("received") > MAX_HOPS:
        flags[TOO_MANY_HOPS] = None


def _recipients(headers: Headers, flags: dict[str, None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in ("to", "cc"):
        raws = headers.raw_all(name)
        raw = raws[0] if len(raws) == 1 else ", ".join(raws)[:_MAX_RECIPIENTS]
        if raw.count("@") > MAX_ADDRESSES:
            flags[TOO_MANY_RECIPIENTS] = None
        found.append(
            tuple(dict.fromkeys(one.email for one in parse_addresses(raw) if one.email)) if raw else ()
        )
    return found[0], found[1]


def _judge_structure(mail: Mail, flags: dict[str, None]) -> None:
    for defect in mail.defects:
        flags[TOO_MANY_PARTS if defect in (mime.TOO_MANY, mime.TOO_DEEP) else BROKEN_MIME] = None


def _first(addresses: Iterable[Address]) -> Address:
    named = Address("", "")
    for address in addresses:
        if address.email:
            return address
        named = address
    return named


def _is_binary(raw: bytes) -> bool:
    sample = raw[:4096]
    controls = sum(1 for byte in sample if byte < 9 or (13 < byte < 32 and byte != 27))
    return controls * 10 > len(sample)
