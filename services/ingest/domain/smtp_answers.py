"""What a mail server's refusal means: for the mail, for the mailbox, and in words for a person.

Codes: RFC 5321 (4.2.3), RFC 3463 and its registry at IANA; https://support.google.com/a/answer/3726730; "Email
non-delivery reports and SMTP errors in Exchange Online" at learn.microsoft.com.
"""

from enum import Enum

from services.ingest.domain.sending import SendResult, Sent
from services.ingest.domain.status_code import status_code

# By enhanced code without its class, since a full mailbox is 4.2.2 to one server and 5.2.2 to the next.
_WORDS = {
    "1.1": "the recipient's address does not exist",
    "1.2": "the domain of the recipient's address takes no mail",
    "1.3": "the recipient's address is not a valid one",
    "1.6": "the recipient's mailbox has moved",
    "1.8": "the server does not know the mailbox's own domain",
    "1.10": "the recipient's address does not exist",
    "1.90": "the mailbox has sent as much as its provider allows in a day",
    "2.1": "the recipient's mailbox takes no mail now, or is switched off",
    "2.2": "the recipient's mailbox is full",
    "2.3": "the mail is larger than the recipient's mailbox takes",
    "3.4": "the mail is larger than the server takes",
    "4.1": "the recipient's server refuses mail for this address",
    "4.4": "the domain of the recipient's address has no mail server",
    "4.5": "the mailbox has sent as much as its provider allows in a day",
    "4.6": "the mail goes in circles between servers",
    "7.1": "the server's rules do not allow this mail",
    "7.8": "the server does not take the mailbox's user or password",
    "7.9": "the server wants another way of signing in, such as a password for applications",
    "7.14": "the provider wants the mailbox's owner to sign in with a browser first",
    "7.23": "the mailbox's domain does not allow our server in its SPF record",
    "7.26": "the mailbox's domain proves its mail neither by SPF nor by DKIM",
    "7.28": "the provider finds that too much mail comes from the mailbox",
    "7.57": "the server wants the mailbox to sign in before it sends",
    "7.60": "the user that signs in may not send in the mailbox's name",
    "7.705": "the provider has blocked sending for the organisation",
    "7.708": "the provider does not take mail from this server's address",
}  # fmt: skip
# The same codes in answer to MAIL FROM, where no recipient was named yet.
_OF_SENDER = dict.fromkeys(
    ("1.1", "1.2", "1.3", "1.6", "1.7", "1.10", "2.1", "2.2", "4.1", "4.4"),
    "the server does not take the mailbox's own address for a sender",
)
_BASIC = {
    530: "the server wants the mailbox to sign in, or to encrypt the connection",
    534: "the server wants another way of signing in",
    535: "the server does not take the mailbox's user or password",
    552: "the mail is larger than the server takes",
    553: "the server does not allow this address",
}
# Permanent by their class, and over with the day, or once somebody has corrected the mailbox's settings.
_ENDS = {"5.1.90", "5.4.5", "5.7.57", "5.7.8", "5.7.9", "5.7.14"}
_SIGN_IN = (530, 534, 535, 538)
_ASKS_FOR_LESS = (421, 451, 452)


class Said(Enum):
    """To what the server answered."""

    HELLO = "hello"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"


def is_yes(code: int) -> bool:
    """By its first digit, as clients shall tell answers apart (RFC 5321, 4.3.2); an answer that is none has -1."""
    return 200 <= code < 300


def is_go_ahead(code: int) -> bool:
    """What follows is awaited."""
    return 300 <= code < 400


def is_no(code: int) -> bool:
    """For now, or for good."""
    return 400 <= code < 600


def on_one_line(code: int, text: bytes | str) -> str:
    """An answer of a server as it is kept."""
    shown = " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())
    return f"{code} {shown}" if code >= 0 else shown


def refused(code: int, text: bytes | str, to: Said) -> SendResult:
    """What becomes of the mail, with the server's answer behind our words; whether the whole mailbox must wait."""
    answer = on_one_line(code, text)
    if not is_no(code):
        unclear = f"the server's answer is not understood: {answer}"[:500]
        return SendResult(Sent.TEMPORARY, unclear, slows_down=True)
    enhanced = _enhanced(answer)
    known = enhanced.partition(".")[2]
    words = (
        (_OF_SENDER.get(known) if to is Said.SENDER else None) or _WORDS.get(known) or _BASIC.get(code, "")
    )
    reason = (f"{words}: {answer}" if words else answer)[:500]
    # Before any mail was spoken of, nothing that is wrong is the mail's fault: it waits until the mailbox is in order.
    if to is Said.HELLO or code in _SIGN_IN or enhanced in _ENDS:
        return SendResult(Sent.TEMPORARY, reason, slows_down=True)
    if code >= 500:
        return SendResult(Sent.PERMANENT, reason, code="" if to is Said.SENDER else enhanced)
    return SendResult(Sent.TEMPORARY, reason, _concerns_mailbox(code, enhanced, to))


def _concerns_mailbox(code: int, enhanced: str, to: Said) -> bool:
    """One recipient's full mailbox must not keep the mailbox from writing to all others."""
    if code == 421:
        return True
    if enhanced.startswith(("4.1.", "4.2.")):
        return False
    return to is Said.SENDER or enhanced.startswith("4.7.") or code in _ASKS_FOR_LESS or to is Said.DATA


def _enhanced(answer: str) -> str:
    found = status_code(answer, 3)
    return found if found[:1] == answer[0] else ""
