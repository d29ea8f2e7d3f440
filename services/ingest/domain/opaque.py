"""What an opaquely signed mail says (S/MIME, RFC 8551 3.5.2): the content inside its CMS envelope (RFC 5652 5.1).

Nothing is verified: only the road to the content is walked, in BER as it is found in the field.
"""

_SEQUENCE, _SET, _INTEGER, _IDENTIFIER, _EXPLICIT = 0x30, 0x31, 0x02, 0x06, 0xA0
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


class _NotSigned(Exception):
    """The bytes are something else, or end too early."""


def signed_content(data: bytes) -> bytes | None:
    """The MIME entity that was signed; None where there is none inside."""
    try:
        return _content(data)
    except _NotSigned:
        return None


def _content(data: bytes) -> bytes:
    at = _inside(data, 0, _SEQUENCE)
    start, end = _span(data, at, _IDENTIFIER)
    if data[start:end] != _SIGNED_DATA:
        raise _NotSigned
    at = _inside(data, _inside(data, end, _EXPLICIT), _SEQUENCE)
    for tag in (_INTEGER, _SET):
        _, at = _span(data, at, tag)
    _, at = _span(data, _inside(data, at, _SEQUENCE), _IDENTIFIER)
    at = _inside(data, at, _EXPLICIT)
    if data[at : at + 1] != bytes([_OCTETS_IN_PIECES]):
        start, end = _span(data, at, _OCTETS)
        return data[start:end]
    start, length = _header(data, at, _OCTETS_IN_PIECES)
    end = len(data) if length is None else start + length
    pieces: list[bytes] = []
    while start < end and data[start : start + 1] == bytes([_OCTETS]):
        first, start = _span(data, start, _OCTETS)
        pieces.append(data[first:start])
    return b"".join(pieces)


def _inside(data: bytes, at: int, tag: int) -> int:
    return _header(data, at, tag)[0]


def _span(data: bytes, at: int, tag: int) -> tuple[int, int]:
    start, length = _header(data, at, tag)
    if length is None or start + length > len(data):
        raise _NotSigned
    return start, start + length


def _header(data: bytes, at: int, tag: int) -> tuple[int, int | None]:
    """Where the value of an element begins, and its length; None where only its end tells."""
    if at + 2 > len(data) or data[at] != tag:
        raise _NotSigned
    length = data[at + 1]
    if length < 0x80:
        return at + 2, length
    count = length & 0x7F
    if count == 0:
        return at + 2, None
    if count > 4:
        raise _NotSigned
    return at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count], "big")
