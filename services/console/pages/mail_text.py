"""What people wrote, made into HTML that is ours.

Text and simple HTML are rebuilt from scratch with ten tags and no attribute but a checked `href`; whatever is richer is
left to the sandboxed frame of mail_body.
"""

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

from services.console.domain.tickets import Message

SIMPLE = frozenset({"p", "br", "b", "strong", "i", "em", "ul", "ol", "li", "a", "blockquote", "div", "span"})
_KEPT = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "ul": "ul", "ol": "ol", "li": "li"}
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}»”]")
_TAG = re.compile(r"<\s*([a-zA-Z][a-zA-Z0-9]*)")
_RICH_ATTRIBUTE = re.compile(r"\s(?:style|bgcolor|background|align|color|face|width)\s*=", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]")
# Greek and Cyrillic, half of which can be taken for Latin.
_LOOKS_LATIN = re.compile(r"[\u0370-\u052f]")
# A link's text is looked through for a host this far: what matches at every letter of a long one would take minutes.
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Paper:
    """A message ready for the page: our own HTML of what was said, or `is_rich` where only the frame will do.

    `whole` is there to unfold: the message with its history and signature; empty where nothing is folded, or in the frame.
    """

    body: Markup
    whole: Markup
    is_rich: bool
    is_folded: bool


def paper(message: Message) -> Paper:
    """The message as the page shows it."""
    if message.html and is_rich(message.html):
        return Paper(Markup(), Markup(), is_rich=True, is_folded=bool(message.said_html))
    if message.html:
        body, said = rebuild(message.html), rebuild(message.said_html)
    else:
        body, said = paragraphs(message.text), paragraphs(message.said)
    # Where nothing is left to show, the whole is shown.
    return Paper(said or body, body if said else Markup(), is_rich=False, is_folded=bool(said))


def is_rich(html: str) -> bool:
    """Whether the page's ten tags would lose something that carries meaning: tables, pictures, colours."""
    tags = {tag.lower() for tag in _TAG.findall(html)} - {"html", "head", "body", "meta", "title"}
    return not tags <= SIMPLE or _RICH_ATTRIBUTE.search(html) is not None


def count_remote_images(message: Message) -> int:
    """Pictures that would tell a stranger that the mail was read."""
    pictures = LexborHTMLParser(message.html).css("img") if message.html else ()
    # What reads mails moves addresses of others out of `src`.
    sources = (picture.attributes.get("data-src") or picture.attributes.get("src") for picture in pictures)
    return sum(_REMOTE.match(source or "") is not None for source in sources)


def paragraphs(text: str) -> Markup:
    """Plain text with its blank lines as paragraphs and its addresses as links."""
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    shown = [f"<p>{'<br>'.join(_linked(line) for line in block.splitlines())}</p>" for block in blocks]
    return Markup("".join(shown))


def _linked(line: str) -> str:
    parts, end = [], 0
    for found in _LINK.finditer(line):
        parts += [escape(line[end : found.start()]), link(found.group(), found.group())]
        end = found.end()
    return "".join([*parts, escape(line[end:])])


def link(href: str, text: str) -> str:
    """A link that tells nobody where it was clicked, with its real host where the text names another; only the text where
    the address is none."""
    host = host_of(href)
    if host is None:
        return escape(text)
    differs = bool(host) and not names_host(text, host)
    shown = f"{escape(text)} <span class='host'>[{escape(host)}]</span>" if differs else escape(text)
    return f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'


def host_of(href: str) -> str | None:
    """The host that an address leads to, empty where it has none; None where it is no address."""
    try:
        return (urlsplit(href.strip()).hostname or "").lower()
    except ValueError:
        return None


def names_host(text: str, host: str) -> bool:
    """Whether whoever reads the text would expect the host: it names that one or none, and the host is not made of letters
    of two scripts, as one that only looks like another is."""
    if len(text) > _LONGEST_NAME or _is_mixed(host):
        return False
    named = _HOST.search(text)
    if named is None:
        return True
    name = named.group(1).lower().removeprefix("www.")
    return host == name or host.endswith(f".{name}")


def _is_mixed(host: str) -> bool:
    return any(_LATIN.search(label) and _LOOKS_LATIN.search(label) for label in host.split("."))


def rebuild(html: str) -> Markup:
    """Simple HTML written anew by us, from what nh3 leaves of it."""
    clean = nh3.clean(
        html,
        tags=set(SIMPLE),
        attributes={"a": {"href"}},
        url_schemes=set(_SCHEMES),
        link_rel=None,
        clean_content_tags={"script", "style", "template", "noscript", "title"},
    )
    builder = _Rebuilder()
    builder.feed(clean)
    builder.close()
    return Markup(builder.html())


class _Rebuilder(HTMLParser):
    """Writes tags of its own choice; text is escaped, everything unknown falls away."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._href = ""
        self._link_text: list[str] | None = None
        self._in_paragraph = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._write("<br>")
        elif tag in ("p", "div"):
            self._end_paragraph()
        elif tag == "a":
            self._end_link()
            href = dict(attrs).get("href") or ""
            if _scheme(href) in _SCHEMES:
                self._href, self._link_text = href, []
        elif tag == "blockquote":
            self._end_paragraph()
            self._push("blockquote")
        elif tag in _KEPT:
            if tag in ("ul", "ol"):
                self._end_paragraph()
            self._push(_KEPT[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div"):
            self._end_paragraph()
        elif tag == "a":
            self._end_link()
        else:
            self._pop("blockquote" if tag == "blockquote" else _KEPT.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if self._link_text is not None:
            self._link_text.append(data)
        elif data.strip() or self._in_paragraph:
            self._write(escape(data))

    def html(self) -> str:
        self._end_link()
        self._end_paragraph()
        while self._open:
            self._out.append(f"</{self._open.pop()}>")
        return "".join(self._out)

    def _write(self, text: str) -> None:
        if not self._open and not self._in_paragraph:
            self._in_paragraph = True
            self._out.append("<p>")
        self._out.append(text)

    def _push(self, tag: str) -> None:
        self._end_link()
        if tag in ("strong", "em"):
            self._write(f"<{tag}>")
        else:
            self._out.append(f"<{tag}>")
        self._open.append(tag)

    def _pop(self, tag: str) -> None:
        if tag not in self._open:
            return
        self._end_link()
        while self._open:
            top = self._open.pop()
            self._out.append(f"</{top}>")
            if top == tag:
                break

    def _end_paragraph(self) -> None:
        self._end_link()
        while self._open and self._open[-1] in ("strong", "em"):
            self._out.append(f"</{self._open.pop()}>")
        if self._in_paragraph:
            self._in_paragraph = False
            self._out.append("</p>")
        elif self._open and self._open[-1] in ("li", "blockquote"):
            self._out.append("<br>")

    def _end_link(self) -> None:
        if self._link_text is not None:
            href, text = self._href, "".join(self._link_text)
            self._href, self._link_text = "", None
            if text.strip():
                self._write(link(href, text))


def _scheme(href: str) -> str:
    try:
        return urlsplit(href.strip()).scheme.lower()
    except ValueError:
        return ""
