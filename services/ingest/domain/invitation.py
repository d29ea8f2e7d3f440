"""An invitation to a meeting (RFC 5545, RFC 5546) in words: what, when, where, who asks."""

import re
from datetime import date, datetime, timedelta

from services.ingest.domain import charsets

# An honest invitation is small; one with a whole calendar in it is read as far as this.
_MAX_TEXT = 256 * 1024
_MAX_WORDS = 300

_FOLD = re.compile(r"\n[ \t]")
_EVENT = re.compile(
    r"^BEGIN:VEVENT[ \t]*$(.*?)(?=^(?:BEGIN|END):|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_PROPERTY = re.compile(r"^([A-Za-z-]{1,40})((?:;(?:\"[^\"\n]*\"|[^\":\n])*)?):([^\n]*)$", re.MULTILINE)
_PARAMETER = re.compile(r";([A-Za-z-]{1,40})=(\"[^\"]*\"|[^;\"]*)")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")

_HEADLINES = {
    "cancel": "Cancelled",
    "counter": "Other time proposed",
    "publish": "Event",
    "add": "Added date",
}
_ANSWERS = {"accepted": "Accepted", "declined": "Declined", "tentative": "Accepted tentatively"}

# Parameters with lower-case names, and the value.
_Property = tuple[dict[str, str], str]


def describe(text: str) -> str:
    """Up to four lines that say what the first event of a calendar is; empty where there is none."""
    text = _FOLD.sub("", charsets.clean(text[:_MAX_TEXT]))
    event = _EVENT.search(text)
    if event is None:
        return ""
    found = _properties(event.group(1))
    start = _moment(found.get("dtstart"))
    summary = _words(found, "summary")
    if not summary and not start:
        return ""
    method = _properties(text[: event.start()]).get("method", ({}, ""))[1].strip().lower()
    lines = [f"{_headline(method, found)}: {summary or '(without a subject)'}"]
    if start:
        lines.append(f"When: {_span(found)}")
    if place := _words(found, "location"):
        lines.append(f"Where: {place}")
    if organiser := _organiser(found):
        lines.append(f"Organiser: {organiser}")
    return "\n".join(lines)


def _properties(text: str) -> dict[str, _Property]:
    found: dict[str, _Property] = {}
    for match in _PROPERTY.finditer(text):
        name, parameters, value = match.groups()
        if name.lower() not in found:
            read = {key.lower(): said.strip('"') for key, said in _PARAMETER.findall(parameters)}
            found[name.lower()] = (read, value)
    return found


def _headline(method: str, found: dict[str, _Property]) -> str:
    if method == "reply":
        answer = found.get("attendee", ({}, ""))[0].get("partstat", "").lower()
        return _ANSWERS.get(answer, "Answered")
    return _HEADLINES.get(method, "Invitation")


def _words(found: dict[str, _Property], name: str) -> str:
    value = _ESCAPE.sub(
        lambda match: " " if match.group(1) in "nN" else match.group(1), found.get(name, ({}, ""))[1]
    )
    return " ".join(value.split())[:_MAX_WORDS]


def _span(found: dict[str, _Property]) -> str:
    start, zone = _moment(found.get("dtstart")), _zone(found.get("dtstart"))
    end = _moment(found.get("dtend"))
    if len(end) == 10 and end > start:
        # The end of whole days is the day after the last.
        end = (date.fromisoformat(end) - timedelta(days=1)).isoformat()
    if end[:10] == start[:10]:
        end = end[11:]
    told = f"{start} to {end}" if end else start
    again = ", repeated" if "rrule" in found else ""
    return f"{told} ({zone}){again}" if zone else f"{told}{again}"


def _moment(prop: _Property | None) -> str:
    match = _MOMENT.fullmatch(prop[1].strip()) if prop is not None else None
    if match is None:
        return ""
    year, month, day, hour, minute, _ = match.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day)).isoformat()
        told = datetime(int(year), int(month), int(day), int(hour), int(minute))  # noqa: DTZ001 - the zone is said in words
    except ValueError:
        return ""
    return told.isoformat(" ", "minutes")


def _zone(prop: _Property | None) -> str:
    if prop is None or "T" not in prop[1]:
        return ""
    return "UTC" if prop[1].strip().endswith("Z") else prop[0].get("tzid", "")[:100]


def _organiser(found: dict[str, _Property]) -> str:
    parameters, value = found.get("organizer", ({}, ""))
    address = re.sub(r"(?i)^mailto:", "", value.strip())[:_MAX_WORDS]
    name = " ".join(parameters.get("cn", "").split())[:_MAX_WORDS]
    if not name or name == address:
        return address
    return f"{name} <{address}>" if address else name
