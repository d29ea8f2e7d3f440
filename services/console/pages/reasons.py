"""Why a mail did not leave, waits, or was set aside, in a person's language. The services say it in English, and behind it
stands what the other server said, in whatever language that speaks."""

import re
from collections.abc import Callable, Collection


def _(text: str) -> str:
    # Marks a sentence for the catalogues.
    return text


# With the server's answer behind them, more often than not.
_WORDS = frozenset(
    (
        _("the recipient's address does not exist"),
        _("the domain of the recipient's address takes no mail"),
        _("the recipient's address is not a valid one"),
        _("the recipient's mailbox has moved"),
        _("the server does not know the mailbox's own domain"),
        _("the mailbox has sent as much as its provider allows in a day"),
        _("the recipient's mailbox takes no mail now, or is switched off"),
        _("the recipient's mailbox is full"),
        _("the mail is larger than the recipient's mailbox takes"),
        _("the mail is larger than the server takes"),
        _("the recipient's server refuses mail for this address"),
        _("the domain of the recipient's address has no mail server"),
        _("the mail goes in circles between servers"),
        _("the server's rules do not allow this mail"),
        _("the server does not take the mailbox's user or password"),
        _("the server wants another way of signing in, such as a password for applications"),
        _("the provider wants the mailbox's owner to sign in with a browser first"),
        _("the mailbox's domain does not allow our server in its SPF record"),
        _("the mailbox's domain proves its mail neither by SPF nor by DKIM"),
        _("the provider finds that too much mail comes from the mailbox"),
        _("the server wants the mailbox to sign in before it sends"),
        _("the user that signs in may not send in the mailbox's name"),
        _("the provider has blocked sending for the organisation"),
        _("the provider does not take mail from this server's address"),
        _("the server does not take the mailbox's own address for a sender"),
        _("the server wants the mailbox to sign in, or to encrypt the connection"),
        _("the server wants another way of signing in"),
        _("the server does not allow this address"),
        _("the server's answer is not understood"),
        _("the server's answer to the mail is not understood"),
        _("the connection broke before the mail was handed over"),
        _("the connection broke before the server said yes"),
    )
)
# `why` is one of these again, or a server's answer.
_SENTENCES = (
    _("gave up after %(count)s attempts: %(why)s"),
    _("not sent: mail to this address does not arrive (%(why)s)"),
    _("queued: the mailbox waits, as its server takes nothing now: %(why)s"),
    _("queued: the mailbox sends at most %(count)s a minute"),
    _("queued: the channel is paused"),
    _("the mail server takes no such address (no SMTPUTF8)"),
    _("answers on this channel are read by the API"),
    _("nothing leaves by the channel %(channel)s"),
    _("the channel %(channel)s is not there"),
    _("what the answer quotes cannot be read now"),
    _("the process died before sending"),
    _("the process died while the mail was handed over"),
    _("the encrypted password cannot be opened, as the instance has another key now: give it again"),
    _("the secret with the password is not mounted"),
    _("the secret %(name)s is not mounted"),
    _("%(place)s offers no STARTTLS"),
    _("%(place)s offers no sign-in (AUTH) on this connection; many do only where it is encrypted"),
    _("%(place)s ends the connection at once: %(why)s"),
    _("%(place)s offers no way of signing in that we know: %(why)s"),
    _("the certificate of %(place)s is not accepted: %(why)s"),
    _("%(place)s does not speak TLS from the first byte, as smtp_security says: %(why)s"),
    _("%(place)s is inside, and not among what MAIL_INSIDE lets us call"),
    _("the name %(place)s is not found"),
    _("%(place)s refuses the connection"),
    _("%(place)s does not answer"),
    _("no connection to %(place)s: %(why)s"),
    _("the mail is empty"),
    _("the bytes are not a mail: no header field and no text"),
    _("the mail has no author, no subject, no text and no attachment"),
    _("the body is not valid: %(why)s"),
    _("the channel %(channel)s is not there, or its settings are wrong"),
    _("held for review: it has been through more than %(count)s servers"),
    _("it reports that a mail did not arrive that we never sent"),
    _("the reader failed: %(why)s"),
    _("its reader died %(count)s times"),
    _("blocked by address: %(why)s"),
    _("blocked by domain: %(why)s"),
    _("blocked by header: %(why)s"),
    _("blocked by authentication: %(why)s"),
)
_PLACEHOLDER = re.compile(r"%\\\((\w+)\\\)s")


def shape_of(sentence: str, free: Collection[str]) -> re.Pattern[str]:
    """What finds the sentence's parameters in it; those that are free may hold spaces."""
    shape = _PLACEHOLDER.sub(
        lambda found: f"(?P<{found[1]}>{'.*' if found[1] in free else '[^ ]+'})", re.escape(sentence)
    )
    return re.compile(shape, re.DOTALL)


# Only what somebody says has spaces.
_PATTERNS = tuple((shape_of(sentence, ("why",)), sentence) for sentence in _SENTENCES)


def in_words(reason: str, gettext: Callable[[str], str]) -> str:
    """The reason in the language of `gettext`; what nobody has words for stays as it is."""
    for pattern, sentence in _PATTERNS:
        if (found := pattern.fullmatch(reason)) is not None:
            held = {
                name: in_words(value, gettext) if name == "why" else value
                for name, value in found.groupdict().items()
            }
            return gettext(sentence) % held
    words, colon, answer = reason.partition(": ")
    return f"{gettext(words)}{colon}{answer}" if words in _WORDS else reason
