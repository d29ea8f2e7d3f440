"""Pictures that a page names by their address and the mail brings along (MHTML, RFC 2557), shown as those by Content-ID are."""

import html
import re
from collections.abc import Mapping
from urllib.parse import urljoin

from services.ingest.domain.mime import Part

_LONGEST = 1_000
# Of one mail.
MAX_LOCATED = 200
_SOURCE = re.compile(
    r"(<img\b[^<>]{0,2000}?\ssrc\s*=\s*)(?:\"([^\"<>]{1,1000})\"|'([^'<>]{1,1000})')", re.IGNORECASE
)


def location_of(part: Part) -> str:
    """The address that a part says it has; empty where it says none."""
    said = part.headers.text("content-location").strip().strip('"')
    # Longer than a line it was folded, where spaces mean nothing.
    return "".join(said.split())[:_LONGEST] if said else ""


def with_ids(page: str, base: str, ids: Mapping[str, str]) -> str:
    """The page with `cid:` in place of the addresses of `ids`, as written or seen from `base`."""

    def name(match: re.Match[str]) -> str:
        address = html.unescape(match.group(2) or match.group(3)).strip()
        content_id = ids.get(address) or ids.get(_joined(base, address))
        return f'{match.group(1)}"cid:{html.escape(content_id)}"' if content_id else match.group()

    return _SOURCE.sub(name, page)


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address
