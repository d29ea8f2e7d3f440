"""Channels in a person's words: what can be set, what is expected, what is wrong, what was changed."""

import re
from collections.abc import Mapping

from services.console.domain.channels import Setting, Trouble
from services.console.pages.setting_names import expectations, hints, labels
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
