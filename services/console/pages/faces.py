"""How people, kinds and states are drawn: initials, a hue of their own, the icon of a channel."""

import zlib

_KINDS = {
    "email": "mail",
    "api": "braces",
    "json": "braces",
    "chat": "messages-square",
    "telegram": "send",
    "whatsapp": "message-circle",
    "vk": "users",
    "social": "users",
    "voice": "phone",
    "phone": "phone",
    "app": "smartphone",
    "store": "star",
    "marketplace": "shopping-bag",
}
_STATUS_MARKS = {"on_hold": "hold", "closed": "solved"}


def initials(name: str) -> str:
    """One or two letters; a number has none."""
    words = [word for word in name.replace(".", " ").replace("@", " ").split() if word[0].isalpha()]
    return "".join(word[0] for word in words[:2]).upper() or "#"


def hue(name: str) -> int:
    """The same person has the same colour everywhere."""
    return zlib.crc32(name.encode()) % 360


def kind_icon(kind: str) -> str:
    return _KINDS.get(kind, "message-circle")


def status_mark(status: str) -> str:
    """The name of the status's own shape."""
    return _STATUS_MARKS.get(status, status)
