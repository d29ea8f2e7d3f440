"""What the codes of a failed delivery mean, in words for an agent (RFC 3463; the digits after the class)."""

_WORDS = {
    "1.0": "the address is not accepted",
    "1.1": "there is no such mailbox",
    "1.2": "there is no such domain",
    "1.3": "the address is not well written",
    "1.6": "the mailbox has moved",
    "1.10": "there is no such mailbox",
    "2.1": "the mailbox is switched off",
    "2.2": "the mailbox is full",
    "2.3": "the mail is too large for the mailbox",
    "3.4": "the mail is too large for the server",
    "4.1": "the server does not answer",
    "4.4": "the way to the server is not known",
    "4.6": "the mail went in circles",
    "4.7": "the server could not be reached in time",
    "7.0": "the server refuses the mail by its rules",
    "7.1": "the server refuses the mail by its rules",
    "7.26": "the server cannot tell that the mail is ours",
}


def words_of(code: str) -> str:
    """The meaning of an enhanced code such as 5.1.1; empty where it says nothing of use."""
    return _WORDS.get(code.partition(".")[2], "")
