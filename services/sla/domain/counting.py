"""Who wrote a message, and whether it counts: that is the policy's to say for all but people's public messages."""

from collections.abc import Collection

REQUESTER = "requester"
AGENT = "agent"
# What an agent, or another system for one, wrote for colleagues only.
NOTE = "note"
# What a rule or we ourselves wrote to the requester.
AUTO_REPLY = "auto_reply"
# What another system wrote to the requester and said to be a machine's.
BOT = "bot"
# What the requester's machine wrote: out of office, a bounce, a notification.
AUTOMATIC = "automatic"
# Comes before any of these where the message came along with another ticket.
MERGED = "merged:"

NOTES = "notes"
AUTO_REPLIES = "auto_replies"
BOT_ANSWERS = "bot_answers"
AUTOMATIC_MAIL = "automatic_mail"
MERGED_MESSAGES = "merged_messages"
# All that a policy may count beside what people wrote in public.
COUNTABLE = (NOTES, AUTO_REPLIES, BOT_ANSWERS, AUTOMATIC_MAIL, MERGED_MESSAGES)
# People in public: of them no policy is asked.
PEOPLE = frozenset({REQUESTER, AGENT})
_AS = {
    NOTE: (NOTES, AGENT),
    AUTO_REPLY: (AUTO_REPLIES, AGENT),
    BOT: (BOT_ANSWERS, AGENT),
    AUTOMATIC: (AUTOMATIC_MAIL, REQUESTER),
}


def counts_as(wrote: str, counted: Collection[str]) -> str:
    """REQUESTER, AGENT or nothing, where a policy counts these beside what people wrote."""
    if wrote in PEOPLE:
        return wrote
    if wrote.startswith(MERGED):
        return counts_as(wrote.removeprefix(MERGED), counted) if MERGED_MESSAGES in counted else ""
    setting, writer = _AS.get(wrote, ("", ""))
    return writer if setting in counted else ""
