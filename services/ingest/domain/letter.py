"""The mail that carries a reply: its fields and its two bodies.

Threading, loop and automatic-mail fields follow RFC 5322 and RFC 3834.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any

from services.ingest.domain import history, html, signature
from services.ingest.domain.history import NOTHING, Earlier, Style
from services.ingest.domain.mail import LOOP_HEADER
from services.ingest.domain.sending import Composed, OutgoingFile, Reply
from services.ingest.domain.tokens import Tokens

_LINE_BREAK = re.compile(r"[\r\n]+")


_LONGEST_REFERENCES = 16 * 1024
# Outlook's engine shows what is not displayed, unless told in its own word.
_HIDDEN = "display:none;max-height:0;overflow:hidden;font-size:0;mso-hide:all"


@dataclass(frozen=True, slots=True)
class Sender:
    """The mailbox in whose name mails leave."""

    address: str
    display_name: str
    # Of our own Message-IDs.
    domain: str
    signature: str = ""
    quoting: Style = NOTHING
    # Whether the HTML names the ticket where nobody reads it.
    marks: bool = False


class _Identifiers:
    """A field of Message-IDs, one on a line: the library would wrap a long one into encoded words, which no client reads."""

    max_count = 1
    name: str

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """What the library's registry asks of a kind of header."""
        kwds["parse_tree"] = None
        kwds["decoded"] = str(value)

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


def _policy() -> "EmailPolicy[EmailMessage]":
    registry = HeaderRegistry()
    for name in ("message-id", "in-reply-to", "references"):
        registry.map_to_type(name, _Identifiers)  # type: ignore[arg-type]
    return SMTP.clone(header_factory=registry)


_POLICY = _policy()


def compose(
    reply: Reply,
    recipient: str,
    files: Sequence[OutgoingFile],
    earlier: Sequence[Earlier],
    sender: Sender,
    tokens: Tokens,
    now: datetime,
) -> Composed:
    """The mail for one recipient; composed again it has the same Message-ID."""
    own = sender.address
    message_id = tokens.message_id(reply.ticket_id, reply.message_id, sender.domain)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _named(sender.display_name, own)
    mail["To"] = ", ".join(reply.to) if reply.to else recipient
    if reply.cc:
        mail["Cc"] = ", ".join(reply.cc)
    mail["Reply-To"] = _named(sender.display_name, tokens.reply_address(own, reply.ticket_id))
    mail["Subject"] = _one_line(reply.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    if reply.in_reply_to:
        mail["In-Reply-To"] = _one_line(reply.in_reply_to)
    if references := _references(reply):
        mail["References"] = " ".join(references)
    mail[LOOP_HEADER] = tokens.instance_id
    if reply.is_automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["Precedence"] = "auto_reply"
    mark = tokens.mark(reply.ticket_id) if sender.marks else ""
    text, rich = _bodies(reply, earlier, sender, mark)
    mail.set_content(text or "\n", charset="utf-8")
    mail.add_alternative(rich, subtype="html")
    for file in files:
        kind, _, subtype = file.mime_type.partition("/")
        if not subtype or kind in ("message", "multipart", "text"):
            # Kept whole: re-encoding text or a mail could change it.
            kind, subtype = "application", "octet-stream"
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=_one_line(file.name))
    # An automatic answer must never be answered by a bounce (RFC 3834, 3.3).
    return Composed(mail.as_bytes(), recipient, "" if reply.is_automatic else own, message_id)


def _bodies(reply: Reply, earlier: Sequence[Earlier], sender: Sender, mark: str) -> tuple[str, str]:
    """Text and HTML: the words, the signature, what was written before."""
    signed, signed_html = signature.render(sender.signature, _values(reply, sender))
    before = [] if reply.is_automatic else history.quoted(earlier, reply.in_reply_to, sender.quoting)
    texts, rich = [reply.text.rstrip()], [f"<div>{html.for_mail(reply.text.rstrip())}</div>"]
    if signed:
        # The separator that mail programs know (RFC 3676, 4.3).
        texts.append(f"-- \n{signed}")
    if signed_html:
        rich.append(f'<br><div class="gmail_signature">{signed_html}</div>')
    if mark:
        rich.append(f'<div style="{_HIDDEN}">{mark}</div>')
    if before:
        texts.append(history.as_text(before))
        rich.append(f"<br>{history.as_html(before)}")
    return "\n\n".join(texts), f"<html><body>{''.join(rich)}</body></html>"


def _values(reply: Reply, sender: Sender) -> dict[str, str]:
    # A machine has no name that a customer knows.
    name = sender.display_name if reply.is_automatic else reply.author_name
    return {
        "agent.name": _one_line(name),
        "ticket.number": str(reply.ticket_number) if reply.ticket_number else "",
    }


def _references(reply: Reply) -> list[str]:
    # All of them, as RFC 5322 (3.6.4) has it; of a field that servers may cut, the first and the newest, on which threads hang.
    known = list(dict.fromkeys(_one_line(found) for found in (*reply.references, reply.in_reply_to) if found))
    while len(known) > 2 and sum(map(len, known)) > _LONGEST_REFERENCES:
        del known[1]
    return known


def _named(name: str, address: str) -> Address | str:
    local, _, domain = address.rpartition("@")
    return Address(_one_line(name), local, domain) if name else address


def _one_line(text: str) -> str:
    return _LINE_BREAK.sub(" ", text)
