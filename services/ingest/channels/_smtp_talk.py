"""What is said for one mail on a connection that is signed in (RFC 5321, RFC 3461)."""

import re
import smtplib
from dataclasses import dataclass

from services.ingest.channels._smtp_server import describe
from services.ingest.domain.sending import Composed, SendResult, Sent
from services.ingest.domain.smtp_answers import Said, is_go_ahead, is_no, is_yes, on_one_line, refused

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
# The server ends the connection (RFC 5321, 3.8).
_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to a mail before any of its content; no refusal is a yes."""

    refusal: SendResult | None = None
    # Nothing more can be said on this connection.
    is_over: bool = False


def offer(smtp: smtplib.SMTP, composed: Composed) -> Answer:
    """Name sender and recipient and ask for the content to be taken. Raises OSError, SMTPException, UnicodeEncodeError."""
    options = ["SMTPUTF8"] if not composed.recipient.isascii() and smtp.has_extn("smtputf8") else []
    of_mail, of_recipient = _reports(composed) if smtp.has_extn("dsn") else ([], [])
    code, text = smtp.mail(composed.sender, options + of_mail)
    if not is_yes(code):
        return Answer(refused(code, text, Said.SENDER), _is_over(code))
    code, text = smtp.rcpt(composed.recipient, of_recipient)
    if not is_yes(code):
        return Answer(refused(code, text, Said.RECIPIENT), _is_over(code))
    code, text = smtp.docmd("DATA")
    if not is_go_ahead(code):
        return Answer(refused(code, text, Said.DATA), _is_over(code))
    return Answer()


def transmit(smtp: smtplib.SMTP, composed: Composed) -> tuple[SendResult, bool]:
    """What became of the mail, and whether the connection is fit for another."""
    try:
        data = _LINE_START_DOT.sub(b"..", composed.data)
        smtp.send(data if data.endswith(b"\r\n") else data + b"\r\n")
        smtp.send(b".\r\n")
        code, text = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        lost = f"the connection broke before the server said yes: {describe(error)}"
        return SendResult(Sent.UNKNOWN, lost), False
    if is_yes(code):
        return SendResult(Sent.SENT, on_one_line(code, text)[:500]), True
    if not is_no(code):
        # It has the mail, and whether it keeps it nobody can tell.
        unclear = f"the server's answer to the mail is not understood: {on_one_line(code, text)}"
        return SendResult(Sent.UNKNOWN, unclear[:500]), False
    return refused(code, text, Said.DATA), not _is_over(code)


def _is_over(code: int) -> bool:
    # After an answer that is none, nobody knows what the next one answers.
    return code == _CLOSING or not is_no(code)


def _reports(composed: Composed) -> tuple[list[str], list[str]]:
    """Options with which the server is asked to report what did not arrive or is late, by our id (RFC 3461).

    Nothing is asked for a machine's answer: nobody is to answer it.
    """
    if not composed.sender:
        return [], ["NOTIFY=NEVER"]
    named = composed.provider_message_id.strip("<>").partition("@")[0]
    # Longer ones may be refused (4.4).
    by_id = [f"ENVID={_xtext(named)}"] if 0 < len(named) <= 100 else []
    return ["RET=HDRS", *by_id], ["NOTIFY=FAILURE,DELAY"]


def _xtext(text: str) -> str:
    return "".join(one if "!" <= one <= "~" and one not in "+=" else f"+{ord(one):02X}" for one in text)
