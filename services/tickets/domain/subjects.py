"""Subjects of mails as people leave and change them."""

import re

# What mail programs put before the subject of an answer or of a forwarded mail, in the languages that people write to us
# in; some count (Re[5], AW(2), Re^3). After RFC 5256, 2.1, which knows the English ones.
_ANSWERED = "re|aw|antw|antwort|réf|ref|res|resp|rif|ri|sv|vs|odp|ynt|vá|ответ|отв|на|відповідь|відп|απ|回复|答复|返信"
_SENT_ON = "fw|fwd|wg|tr|trs|rv|rm|enc|doorst|i|vb|vl|pd|ilt|bls|пересл|переслано|перес|προθ|转发|転送"
_COUNT = r"\s*(?:[\[(^]\s*\d{1,3}\s*[\])]?)?\s*[:：]"
_LEAD = re.compile(rf"\s*(?:(?:{_ANSWERED}|{_SENT_ON}){_COUNT}|\[[^\[\]]{{0,40}}\])", re.IGNORECASE)
_IS_SENT_ON = re.compile(rf"(?:\s*\[[^\[\]]{{0,40}}\])*\s*(?:{_SENT_ON}){_COUNT}", re.IGNORECASE)
_FORWARDED = re.compile(r"\s*\(fwd?\)\s*$", re.IGNORECASE)
# As the reader of mails finds numbers of tickets.
_MENTION = r"\[(?:\w{{1,20}}[ ]?)?#[ ]?{number}\]"


def base_subject(subject: str) -> str:
    """What a subject is without the marks of answering and forwarding, for comparing: case and spaces do not count.

    Where nothing else is left the marks in brackets are the subject.
    """
    rest = " ".join(subject.split())
    while (lead := _LEAD.match(rest)) is not None:
        behind = rest[lead.end() :].strip()
        if not behind and lead.group(0).lstrip().startswith("["):
            break
        rest = behind
    return _FORWARDED.sub("", rest).strip().casefold()


def is_sent_on(subject: str) -> bool:
    """Somebody forwards what was written elsewhere."""
    return _IS_SENT_ON.match(subject) is not None or _FORWARDED.search(subject) is not None


def without_number(subject: str, number: int) -> str:
    """The subject without the mark that names this ticket."""
    return " ".join(re.sub(_MENTION.format(number=number), " ", subject).split())
