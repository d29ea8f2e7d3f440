"""Channels in a person's words: what can be set, what is expected, what is wrong, what was changed."""

import re
from collections.abc import Callable, Mapping

from services.console.domain.channels import Setting, Trouble
from services.console.pages.words import Words

_ONE_OF = re.compile(r"one of (.+)", re.DOTALL)
_LEAST = re.compile(r"at least (\d+)")
_MOST = re.compile(r"at most (\d+)")
_SHORTEST = re.compile(r"at least (\d+) characters")
_LONGEST = re.compile(r"at most (\d+) characters")
_TAKEN = re.compile(r"an address that the channel (\S+) does not have")


class SettingWords:
    """Knows the settings of the kinds that ship; one that it does not know is told as its kind tells it."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._labels: Mapping[str, str] | None = None
        self._hints: Mapping[str, str] | None = None

    # ------------------------------------------------------------------------------------------------ settings

    def label(self, name: str) -> str:
        """What a setting is called."""
        if self._labels is None:
            self._labels = labels(self._words.gettext)
        return self._labels.get(name, name)

    def hint(self, setting: Setting) -> str:
        """What a setting is for."""
        if self._hints is None:
            self._hints = hints(self._words.gettext)
        return self._hints.get(setting.name, setting.text)

    def own(self, field: str) -> str:
        """What a field of the channel itself is called."""
        _ = self._words.gettext
        return {
            "channel.id": _("Id"),
            "channel.name": _("Name"),
            "channel.kind": _("Kind"),
            "channel.lane": _("Lane"),
            "name": _("Name"),
            "kind": _("Kind"),
            "lane": _("Lane"),
            "is_paused": _("Paused"),
        }.get(field, field)

    def family(self, name: str) -> str:
        """The heading of settings that stand together."""
        _ = self._words.gettext
        return {
            "imap": _("Fetched from (IMAP)"),
            "smtp": _("Sent through (SMTP)"),
            "oauth": _("Signed in with tokens (OAuth)"),
        }.get(name, _("Settings"))

    def kind_text(self, kind: str, text: str) -> str:
        """What a kind of channel is."""
        _ = self._words.gettext
        return {
            "email": _("A mailbox: mail is brought by SMTP or fetched by IMAP, answers leave by SMTP."),
            "json": _("A key with which your site, shop or app posts messages by HTTP."),
        }.get(kind, text.partition("\n\n")[0])

    def choice(self, value: str) -> str:
        """A choice as it is offered."""
        _ = self._words.gettext
        return {
            "none": _("none"),
            "starttls": "STARTTLS",
            "tls": "TLS",
            "microsoft": "Microsoft",
            "google": "Google",
            "last": _("the message it answers"),
            "thread": _("the whole conversation"),
            "always": _("always"),
            "with_subject": _("only with its subject"),
            "note": _("a note"),
            "public": _("an answer"),
        }.get(value, value)

    # ------------------------------------------------------------------------------------------------ mistakes

    def expected(self, text: str) -> str:
        """What ingest says is expected."""
        _ = self._words.gettext
        if found := _ONE_OF.fullmatch(text):
            return _("one of %(choices)s") % {"choices": found.group(1)}
        if found := _TAKEN.fullmatch(text):
            return _("an address that the channel %(channel)s does not have") % {"channel": found.group(1)}
        for pattern, sentence in (
            (_LEAST, _("at least %(count)s")),
            (_MOST, _("at most %(count)s")),
            (_SHORTEST, _("at least %(count)s characters")),
            (_LONGEST, _("at most %(count)s characters")),
        ):
            if found := pattern.fullmatch(text):
                return sentence % {"count": found.group(1)}
        return expectations(_).get(text, text)

    # ------------------------------------------------------------------------------------------------ what goes on

    def trouble(self, trouble: Trouble) -> str:
        """What is wrong with a channel."""
        _ = self._words.gettext
        if trouble.kind == "settings":
            return _("Its settings are not valid any more. Edit the channel to see what is wrong.")
        if trouble.kind == "quarantine":
            count = int(trouble.text) if trouble.text.isdigit() else 0
            return self._words.ngettext(
                "%(num)d message lies in quarantine.", "%(num)d messages lie in quarantine.", count
            )
        sentence = {
            "fetching": _("Nothing is fetched: %(why)s"),
            "sending": _("Nothing leaves now: %(why)s"),
            "failed": _("Not sent within the last day: %(why)s"),
        }.get(trouble.kind, "%(why)s")
        return sentence % {"why": self._words.reason(trouble.text)}

    def check(self, name: str) -> str:
        """A direction that is tested."""
        _ = self._words.gettext
        return {"imap": _("Fetching (IMAP)"), "smtp": _("Sending (SMTP)")}.get(name, name)

    def state(self, state: str) -> str:
        """How it goes with a channel, in a word or two."""
        _ = self._words.gettext
        return {
            "paused": _("paused"),
            "broken": _("does not work"),
            "quiet": _("quiet"),
            "unread": _("nobody reads its queue"),
            "growing": _("growing"),
            "dead": _("dead letters wait"),
            "flowing": _("flowing"),
        }.get(state, state)

    def changed_field(self, field: str) -> str:
        """A field of the history."""
        return (
            self.label(field.removeprefix("settings.")) if field.startswith("settings.") else self.own(field)
        )

    def changed_value(self, field: str, value: str) -> str:
        """A value of the history; of secrets only how they are kept."""
        _ = self._words.gettext
        if not value:
            return _("nothing")
        if field.endswith("_secret"):
            return {"encrypted": _("encrypted"), "mounted": _("mounted"), "changed": _("changed")}.get(
                value, value
            )
        if field == "is_paused":
            return {"true": _("yes"), "false": _("no")}.get(value, value)
        return value


def expectations(_: Callable[[str], str]) -> dict[str, str]:
    """What ingest says is expected, where it is always the same sentence."""
    return {
        "a whole number": _("a whole number"),
        "true or false": _("true or false"),
        "a value": _("a value"),
        "one line without control characters": _("one line without control characters"),
        "1 to 200 characters": _("1 to 200 characters"),
        "1 to 63 lower-case letters, digits and hyphens, a letter or digit first": _(
            "1 to 63 lower-case letters, digits and hyphens, a letter or digit first"
        ),
        "The mailbox: mail to it becomes tickets, and answers leave in its name.": _(
            "an address such as support@example.com"
        ),
        "an address such as support@example.com": _("an address such as support@example.com"),
        "addresses such as help@example.com, separated by commas": _("addresses such as help@example.com"),
        "a time zone such as Europe/Moscow": _("a time zone such as Europe/Moscow"),
        "leave, seen, delete, or move:FOLDER": _("leave, seen, delete, or move:FOLDER"),
        "another folder than imap_folder": _("another folder than the one that is fetched"),
        "the id or a domain of the organisation, where the provider is microsoft": _(
            "the id or a domain of the organisation at Microsoft"
        ),
        "the application's id, where oauth_provider is given": _(
            "the application's id, as a provider is given"
        ),
        "a refresh token along with the application's secret, where the provider is google": _(
            "a refresh token along with the application's secret, as Google wants"
        ),
        "a refresh token, or else the application's secret": _(
            "a refresh token, or else the application's secret"
        ),
        "an address that begins with https://": _("an address that begins with https://"),
        "scopes as the provider writes them, separated by commas": _("scopes as the provider writes them"),
        "a secret's name, where imap_host is given": _("the password, as a server is given"),
        "the secret itself, among the secrets: none is kept here": _("the password: none is kept here"),
        "the secret once more, as it would be sent to another place than before": _(
            "the password once more: it would be sent to another server than before"
        ),
        "the name of a mounted secret; the secret itself belongs among the secrets": _(
            "the name of a mounted secret; a password belongs into the field for it"
        ),
        "the secret itself: only administrators name mounted secrets and where they are sent": _(
            "the password: only administrators name mounted secrets and where they are sent"
        ),
    }


def labels(_: Callable[[str], str]) -> dict[str, str]:
    """What the settings are called."""
    return {
        "address": _("Address"),
        "aliases": _("More addresses"),
        "display_name": _("Name of the sender"),
        "domain": _("Domain of Message-IDs"),
        "form_senders": _("Senders of web forms"),
        "mail_patterns": _("Mail patterns"),
        "authserv_id": _("Name of our mail server"),
        "allow_list": _("Let in"),
        "block_list": _("Keep out"),
        "spam_list": _("Take for spam"),
        "signature": _("Signature"),
        "quote_history": _("Answers repeat"),
        "quote_limit_kb": _("Repeat at most, KB"),
        "reply_to_closed": _("An answer to a closed ticket"),
        "match_ids": _("Message-IDs lead to a ticket"),
        "agents_answer": _("An agent's mail is"),
        "hidden_mark": _("Answers name their ticket out of sight"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "size_limit_mb": _("Largest message, MB"),
        "default_region": _("Country of phone numbers"),
        "oauth_provider": _("Provider"),
        "oauth_tenant": _("Organisation at Microsoft"),
        "oauth_client_id": _("Id of the application"),
        "oauth_client_secret": _("Secret of the application"),
        "oauth_refresh_secret": _("Refresh token"),
        "oauth_url": _("Address for tokens"),
        "oauth_scopes": _("What the tokens are for"),
        "sends_per_minute": _("Answers a minute"),
        "smtp_host": _("Server"),
        "smtp_port": _("Port"),
        "smtp_security": _("Protection"),
        "smtp_user": _("Login"),
        "smtp_password_secret": _("Password"),
        "smtp_timeout_seconds": _("Longest wait, seconds"),
        "smtp_keep_seconds": _("Connection kept, seconds"),
        "imap_host": _("Server"),
        "imap_port": _("Port"),
        "imap_security": _("Protection"),
        "imap_user": _("Login"),
        "imap_password_secret": _("Password"),
        "imap_folder": _("Folder"),
        "imap_after": _("Once a mail is kept"),
        "imap_timeout_seconds": _("Longest wait, seconds"),
    }


def hints(_: Callable[[str], str]) -> dict[str, str]:
    """What the settings are for; an empty one needs no words."""
    return {
        "address": _("Mail to it becomes tickets, and answers leave in its name."),
        "aliases": _("They lead to the same mailbox; one a line."),
        "display_name": _("It stands in From of what leaves."),
        "domain": _("Of our own Message-IDs; the domain of the address where empty."),
        "form_senders": _("In whose name web forms write: the person is then in Reply-To."),
        "mail_patterns": _("How mails of forms, marketplaces and payment systems are read: a list in YAML."),
        "authserv_id": _("As it writes into Authentication-Results; none where it writes no name."),
        "allow_list": _("Never blocked or spam: addresses, domains, header fields; one a line."),
        "block_list": _(
            "Kept in the ledger and read by nobody: addresses, domains, X-Field: value, dmarc=fail."
        ),
        "spam_list": _("Becomes a spam ticket: addresses, domains, X-Field: value, dmarc=fail."),
        "signature": _("Below every answer: text or simple HTML, with {agent.name} and {ticket.number}."),
        "quote_history": _("Nothing, the message that is answered, or the whole conversation."),
        "quote_limit_kb": _("What is longer is cut."),
        "reply_to_closed": _("new_ticket, reopen, or reopen:DAYS."),
        "match_ids": _("Those of others; ours always do."),
        "agents_answer": _(
            "An answer only where the name of our mail server is given and proves the sender."
        ),
        "hidden_mark": _("For mail programs that drop everything else."),
        "language": _("Of the line that says who wrote what is repeated, and when."),
        "time_zone": _("Where the hours in that line are, such as America/Sao_Paulo."),
        "size_limit_mb": _("Larger ones are refused."),
        "default_region": _("ISO 3166, such as BR, for numbers without a +."),
        "oauth_provider": _("Who gives access tokens in place of a password."),
        "oauth_tenant": _("Its id or a domain of it."),
        "oauth_client_id": _("As it is registered at the provider."),
        "oauth_client_secret": _("Kept encrypted and shown to nobody."),
        "oauth_refresh_secret": _("Empty at Microsoft where the application acts for itself."),
        "oauth_url": _("If not the provider's own: https://…"),
        "oauth_scopes": _("What mail needs where empty; one a line."),
        "sends_per_minute": _("What is over it waits for its turn; 0 where the provider has no bound."),
        "smtp_host": _("Where empty the mailbox only receives."),
        "smtp_port": _("25, 465 (TLS) or 587 (STARTTLS)."),
        "smtp_security": _("How the connection is protected."),
        "smtp_user": _("None is tried where empty."),
        "smtp_password_secret": _("Kept encrypted and shown to nobody."),
        "smtp_timeout_seconds": _("For one answer of the server."),
        "smtp_keep_seconds": _("For the next mail; 0 ends it after each."),
        "imap_host": _("Where empty mail is brought by SMTP or LMTP."),
        "imap_port": _("993 (TLS) or 143 (STARTTLS, none)."),
        "imap_security": _("How the connection is protected; certificates are checked."),
        "imap_user": _("The address where empty."),
        "imap_password_secret": _("Kept encrypted and shown to nobody."),
        "imap_folder": _("The folder that is fetched."),
        "imap_after": _("What becomes of it on the server: leave, seen, delete, or move:FOLDER."),
        "imap_timeout_seconds": _("For one answer of that server."),
    }
