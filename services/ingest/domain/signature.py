"""A mailbox's signature: text or simple HTML with placeholders."""

import html as entities
import re
from collections.abc import Mapping

import nh3

from services.ingest.domain import html

PLACEHOLDERS = ("agent.name", "ticket.number")
_PLACEHOLDER = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Simple on purpose: what mail programs show alike. A picture comes from the web, and is the mailbox's own choice.
_CLEANER = nh3.Cleaner(
    tags={"a", "b", "br", "div", "em", "font", "i", "img", "p", "small", "span", "strong", "table", "tbody", "td", "tr", "u"},
    attributes={
        "a": {"href"},
        "div": {"style"},
        "font": {"color", "face", "size"},
        "img": {"src", "alt", "width", "height"},
        "p": {"style"},
        "span": {"style"},
        "table": {"border", "cellpadding", "cellspacing", "style"},
        "td": {"align", "style", "valign", "width"},
    },
    url_schemes={"http", "https", "mailto", "tel"},
    filter_style_properties={
        "color", "font-family", "font-size", "font-style", "font-weight", "line-height", "margin", "padding",
        "text-align", "text-decoration",
    },
    link_rel=None,
)  # fmt: skip


def unknown_placeholders(signature: str) -> list[str]:
    """Names in braces that stand for nothing, each once."""
    return [name for name in dict.fromkeys(_PLACEHOLDER.findall(signature)) if name not in PLACEHOLDERS]


def render(signature: str, values: Mapping[str, str]) -> tuple[str, str]:
    """(text, HTML) of the signature; both empty where nothing is left of it.

    A line that holds nothing but placeholders without a value is left out of the text.
    """
    if _TAG.search(signature):
        cleaned = _CLEANER.clean(
            _fill(signature, {name: entities.escape(one) for name, one in values.items()})
        )
        return html.to_text(cleaned).strip(), cleaned
    lines = [
        filled
        for line in signature.strip().splitlines()
        if (filled := _fill(line, values).rstrip()) or not line.strip()
    ]
    text = "\n".join(lines).strip()
    return text, html.for_mail(text) if text else ""


def _fill(text: str, values: Mapping[str, str]) -> str:
    # In one pass: a name that looks like a placeholder stays a name.
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), ""), text)
