"""Things in a person's words: names of what the system has words for, moments, lengths of time, sizes, lists."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers

from services.console.application.directory import Names
from services.console.domain.tickets import FieldChange
from services.console.pages.explanations import explained
from services.console.pages.reasons import in_words
from services.console.pages.translations import translations


class Words:
    """Speaks one language, in one time zone, at one moment."""

    def __init__(self, language: str, zone: str, now: datetime) -> None:
        self.language = language
        self.zone = ZoneInfo(zone)
        self.now = now
        self._locale = Locale.parse({"pt": "pt_BR", "en": "en_GB"}.get(language, language))
        self._translations = translations(language)

    def gettext(self, text: str) -> str:
        return self._translations.gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form that fits the number, which stands in it as %(num)d."""
        return self._translations.ngettext(one, many, count) % {"num": count}

    # ------------------------------------------------------------------ names

    def status(self, status: str) -> str:
        _ = self.gettext
        return {
            "new": _("New"),
            "open": _("Open"),
            "pending": _("Pending"),
            "on_hold": _("On hold"),
            "solved": _("Solved"),
            "closed": _("Closed"),
            "spam": _("Spam"),
            "merged": _("Merged"),
        }.get(status, status)

    def priority(self, priority: str) -> str:
        _ = self.gettext
        return {
            "low": _("Low"),
            "medium": _("Medium"),
            "high": _("High"),
            "urgent": _("Urgent"),
        }.get(priority, priority)

    def priority_label(self, priority: str) -> str:
        _ = self.gettext
        return {
            "low": _("Low priority"),
            "medium": _("Medium priority"),
            "high": _("High priority"),
            "urgent": _("Urgent priority"),
        }.get(priority, priority)

    def band(self, band: str) -> str:
        _ = self.gettext
        return {"overdue": _("Overdue"), "soon": _("Due within the hour"), "later": _("Later")}.get(
            band, band
        )

    def view(self, name: str) -> str:
        _ = self.gettext
        return {
            "open": _("All open"),
            "mine": _("Mine"),
            "overdue": _("Overdue"),
            "unassigned": _("Unassigned"),
            "on_hold": _("On hold"),
            "spam": _("Spam"),
        }.get(name, name)

    def sort(self, name: str) -> str:
        _ = self.gettext
        return {
            "clock": _("The clock first"),
            "newest": _("Newest first"),
            "updated": _("Last changed first"),
            "priority": _("Urgent first"),
        }.get(name, name)

    def target(self, name: str) -> str:
        _ = self.gettext
        return {
            "first_reply": _("First reply"),
            "next_reply": _("Next reply"),
            "periodic_update": _("Update"),
            "requester_wait": _("Requester's wait"),
            "agent_work": _("Work"),
            "resolution": _("Resolution"),
        }.get(name, name)

    def counted(self, name: str) -> str:
        """What a policy counts beside people's public messages."""
        _ = self.gettext
        return {
            "notes": _("notes"),
            "auto_replies": _("automatic answers"),
            "bot_answers": _("answers of bots"),
            "automatic_mail": _("automatic mail"),
            "merged_messages": _("messages of merged tickets"),
        }.get(name, name)

    def span(self, kind: str, reason: str) -> str:
        """What a promise's time did in a span of it, and why."""
        _ = self.gettext
        if kind == "paused":
            return _("paused because %(status)s") % {"status": self.status(reason).lower()}
        return {
            "running": _("running"),
            "outside_hours": _("closed hours"),
            "holiday": _("closed, a holiday"),
        }.get(reason or kind, reason or kind)

    def reason(self, reason: str) -> str:
        """Why a mail did not leave, waits, or was set aside."""
        return in_words(reason, self.gettext)

    def explanation(self, explanation: str) -> str:
        """How a channel read a message."""
        return explained(explanation, self.gettext)

    def kind(self, kind: str) -> str:
        """A kind of channel."""
        _ = self.gettext
        return {"email": _("E-mail"), "api": _("API"), "json": _("API")}.get(kind, kind)

    def role(self, role: str) -> str:
        _ = self.gettext
        return {"admin": _("Administrator"), "agent": _("Agent"), "read_only": _("Reads only")}.get(
            role, role
        )

    def right(self, right: str) -> str:
        """What an agent can be given beside the role."""
        return {"channels": self.gettext("Manage channels")}.get(right, right)

    def account_change(self, step: FieldChange, names: Names) -> str:
        """A step of an agent's log."""
        _ = self.gettext
        if step.name == "password":
            return _("set a password")
        if step.name == "is_deactivated":
            return _("deactivated") if step.new else _("activated again")
        said = {
            "name": _("Full name"),
            "email": _("E-mail"),
            "role": _("Role"),
            "groups": _("Groups"),
            "language": _("Language"),
            "rights": _("Rights"),
        }.get(step.name, step.name)
        value: Callable[[str], str] = {
            "role": self.role,
            "groups": names.group_name,
            "rights": self.right,
        }.get(step.name, str)
        old, new = (self.together([value(one) for one in text.split(",")]) for text in (step.old, step.new))
        return f"{said}: {old or '–'} → {new or '–'}" if step.old else f"{said}: {new}"

    def delivery(self, state: str) -> str:
        _ = self.gettext
        return {
            "queued": _("waits to leave"),
            "sending": _("is leaving"),
            "sent": _("sent"),
            "failed": _("not delivered"),
            "unknown": _("may not have arrived"),
        }.get(state, state)

    def outcome(self, outcome: str) -> str:
        """What became of an accepted message."""
        _ = self.gettext
        return {
            "ticketed": _("ticketed"),
            "appended": _("appended"),
            "applied": _("applied"),
            "ignored": _("ignored"),
            "quarantined": _("quarantined"),
            "in_flight": _("in flight"),
        }.get(outcome, outcome)

    def date(self, day: date) -> str:
        """Thu, 24 Dec 2026: a day of somebody's calendar, whatever zone it is read in."""
        return dates.format_skeleton("yMMMEd", day, locale=self._locale)

    def month(self, month: int) -> str:
        return str(dates.get_month_names("wide", context="stand-alone", locale=self._locale)[month])

    def weekday(self, weekday: int) -> str:
        return str(
            dates.get_day_names("abbreviated", context="stand-alone", locale=self._locale)[weekday - 1]
        )

    # --------------------------------------------------------------- sentences

    def changes(self, steps: Sequence[FieldChange], names: Names) -> str:
        """Changed fields as noun phrases in one list."""
        return self.together([self._change(step, names) for step in steps])

    def value(self, name: str, value: str, names: Names) -> str:
        """A field's value, with a name in place of an id."""
        if name == "agent":
            return names.agent_name(value) if value else self.gettext("Nobody")
        if name == "group":
            return names.group_name(value)
        if name == "status":
            return self.status(value)
        if name == "priority":
            return self.priority(value)
        return value

    def _change(self, step: FieldChange, names: Names) -> str:
        _ = self.gettext
        if step.name == "tags":
            return self._tags(step)
        if step.name == "merged_from":
            # Ids say nothing; the page names them.
            came = len(step.new.split(",")) > len(step.old.split(",")) or not step.old
            return _("tickets merged into it") if came and step.new else _("a merged ticket taken out")
        if step.name == "merged_into":
            return _("merged into another ticket") if step.new else _("no longer merged")
        if not step.new:
            return {"agent": _("no agent"), "group": _("no group"), "sla_policy": _("no policy")}.get(
                step.name, _("no %(field)s") % {"field": step.name}
            )
        sentence = {
            "status": _("status %(value)s"),
            "priority": _("priority %(value)s"),
            "group": _("group %(value)s"),
            "agent": _("agent %(value)s"),
            "subject": _("subject “%(value)s”"),
            "sla_policy": _("policy %(value)s"),
            "requester": _("requester %(value)s"),
            "merge_reason": _("reason: %(value)s"),
        }.get(step.name)
        if sentence is None:
            return f"{step.name.removeprefix('fields.')} {step.new}"
        return sentence % {"value": self.value(step.name, step.new, names)}

    def _tags(self, step: FieldChange) -> str:
        _ = self.gettext
        old, new = set(filter(None, step.old.split(","))), set(filter(None, step.new.split(",")))
        return self.together(
            [
                *(_("tag %(tag)s") % {"tag": tag} for tag in sorted(new - old)),
                *(_("tag %(tag)s off") % {"tag": tag} for tag in sorted(old - new)),
            ]
        )

    def together(self, items: Sequence[str]) -> str:
        """A list; the commas of all three languages are the same, an "and" before the last would not fit noun phrases."""
        return ", ".join(items)

    # ----------------------------------------------------------------- moments

    def clock_time(self, at: datetime) -> str:
        """9:38."""
        return dates.format_time(at, "H:mm", tzinfo=self.zone, locale=self._locale)

    def day(self, at: datetime) -> str:
        """24 Nov, with the year where it is another."""
        same_year = at.astimezone(self.zone).year == self.now.astimezone(self.zone).year
        return dates.format_skeleton(
            "MMMd" if same_year else "yMMMd", at, tzinfo=self.zone, locale=self._locale
        )

    def moment(self, at: datetime) -> str:
        """The time today, else the day with it."""
        if at.astimezone(self.zone).date() == self.now.astimezone(self.zone).date():
            return self.clock_time(at)
        return f"{self.day(at)}, {self.clock_time(at)}"

    def second(self, at: datetime) -> str:
        """9:38:07 today, else the day with it."""
        time = dates.format_time(at, "H:mm:ss", tzinfo=self.zone, locale=self._locale)
        is_today = at.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()
        return time if is_today else f"{self.day(at)}, {time}"

    def full(self, at: datetime) -> str:
        """Everything, with the zone; for titles."""
        return f"{dates.format_datetime(at, 'long', tzinfo=self.zone, locale=self._locale)}"

    def iso(self, at: datetime) -> str:
        """For the datetime attribute."""
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def duration(self, length: timedelta) -> str:
        """18 min, 1 h 35 min, 3 d 4 h; at most two units. console.js says the same while it ticks."""
        _ = self.gettext
        seconds = abs(int(length.total_seconds()))
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
        units = {"s": _("s"), "min": _("min"), "h": _("h"), "d": _("d")}
        if seconds < 60:
            return f"{seconds} {units['s']}"
        if hours < 1:
            return f"{minutes} {units['min']}"
        if days < 1:
            rest = minutes % 60
            return f"{hours} {units['h']}" + (f" {rest:02d} {units['min']}" if rest else "")
        rest = hours % 24
        return f"{days} {units['d']}" + (f" {rest} {units['h']}" if rest else "")

    def seconds(self, seconds: float) -> str:
        """A latency: 0.41 s below ten, else as a duration."""
        if seconds >= 60:
            return self.precise(seconds)
        pattern = "0.00" if seconds < 10 and seconds != int(seconds) else "0"
        return f"{numbers.format_decimal(seconds, pattern, self._locale)} {self.gettext('s')}"

    def precise(self, seconds: float) -> str:
        """2 min 40 s."""
        minutes, rest = divmod(round(seconds), 60)
        if minutes >= 60:
            return self.duration(timedelta(seconds=seconds))
        tail = f" {rest} {self.gettext('s')}" if rest else ""
        return f"{minutes} {self.gettext('min')}{tail}"

    # ----------------------------------------------------------------- numbers

    def money(self, total: Decimal, currency: str) -> str:
        """A sum with its currency, where it has one."""
        if not currency:
            return numbers.format_decimal(total, "#,##0.00", self._locale)
        return numbers.format_currency(total, currency, locale=self._locale)

    def number(self, value: float, pattern: str = "#,##0.##") -> str:
        return numbers.format_decimal(value, pattern, self._locale)

    def size(self, size: int) -> str:
        """184 KB."""
        _ = self.gettext
        if size < 1000:
            return f"{size} {_('B')}"
        if size < 1_000_000:
            return f"{self.number(size / 1000, '0')} {_('KB')}"
        return f"{self.number(size / 1_000_000, '0.#')} {_('MB')}"
