"""HTML from outside: made harmless, and read as text."""

import html as entities
import re
from urllib.parse import unquote

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from services.ingest.domain.quotes.marks import marks_in

# Kept of a message's text and of its HTML, in UTF-8 bytes.
MAX_BYTES = 256 * 1024
# Nothing beyond this is looked at.
_MAX_INPUT = 2 * 1024 * 1024
# Sanitised HTML that is nested deeper would make browsers slow; it is shown as text.
_MAX_DEPTH = 256

_TAGS = {
    "a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li",
    "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
# Their content goes with them.
_DROPPED = {"script", "style", "title", "head", "noscript", "template", "svg", "math", "iframe", "object", "embed",
            "applet", "textarea", "select", "option", "xmp", "noembed", "noframes", "plaintext"}  # fmt: skip
_CELL = {"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan", "style", "dir"}
_BLOCK = {"align", "style", "dir"}
# Kept only where they say that history or a signature begins.
_MARKED = {"class", "id"}
_ATTRIBUTES = {
    "a": {"href", "title", "style"},
    "img": {"src", "alt", "title", "width", "height", "align", "style", "border"},
    "table": {"align", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "style", "dir"},
    "tr": {"align", "valign", "bgcolor", "height", "style"},
    "td": _CELL, "th": _CELL, "col": {"width", "span", "align"}, "colgroup": {"width", "span", "align"},
    "p": _BLOCK, "div": _BLOCK | _MARKED, "span": _BLOCK | _MARKED,
    "h1": _BLOCK, "h2": _BLOCK, "h3": _BLOCK, "h4": _BLOCK, "h5": _BLOCK,
    "h6": _BLOCK, "blockquote": {"cite", "style", "type", "dir", "class"}, "font": {"color", "face", "size"},
    "ol": {"start", "type", "style", "dir"}, "ul": {"type", "style", "dir"}, "li": {"value", "style", "dir"},
    "pre": {"style"}, "b": {"style"}, "i": {"style"}, "u": {"style"}, "strong": {"style"}, "em": {"style"},
    "center": {"style"}, "hr": {"style", "width", "size", "color"}, "time": {"datetime"},
}  # fmt: skip
# No url(), no position, nothing that reaches outside its own box.
_STYLE = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display",
    "font", "font-family", "font-size", "font-style", "font-variant", "font-weight", "height", "letter-spacing",
    "line-height", "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top",
    "max-height", "max-width", "min-width", "padding", "padding-bottom", "padding-left", "padding-right",
    "padding-top", "text-align", "text-decoration", "text-indent", "text-transform", "vertical-align", "white-space",
    "width", "word-break", "word-spacing", "overflow-wrap",
}  # fmt: skip

# A private character that no input keeps: what begins with it leaves the sanitiser as another attribute.
_REMOTE = "\ue0f1"


def _image_source(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        lowered = value.lstrip().lower()
        if lowered.startswith("cid:"):
            # Escaped in a URL (RFC 2392); kept as the Content-ID itself is written.
            content_id = unquote(value.strip()[4:])
            return f"cid:{content_id}" if content_id.isprintable() else None
        return _REMOTE + value if lowered.startswith(("http:", "https:")) else None
    if attribute in _MARKED:
        return marks_in(value) or None
    if attribute == "style" and "(" in value and "url" in value.lower():
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED,
    attributes=_ATTRIBUTES,
    attribute_filter=_image_source,
    strip_comments=True,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    filter_style_properties=_STYLE,
)


def sanitise(html: str) -> tuple[str, bool]:
    """Harmless HTML of at most 256 KiB, and whether something was cut off.

    Nothing in it loads by itself: `src` of an image is kept only as `cid:`, any other address becomes `data-src`.
    """
    is_cut = len(html) > _MAX_INPUT
    source = html[:_MAX_INPUT].replace(_REMOTE, "")
    cleaned = _clean(source)
    data = cleaned.encode("utf-8", "replace")
    if len(data) <= MAX_BYTES:
        return cleaned, is_cut
    # Cut between two tags, then closed again; closing adds, so that some room is left.
    for room in (8 * 1024, MAX_BYTES // 2):
        kept = data[: MAX_BYTES - room].decode("utf-8", "ignore")
        kept = kept[: kept.rfind("<")] if "<" in kept else kept
        again = _reclean(kept)
        if len(again.encode()) <= MAX_BYTES:
            return again, True
    return "", True


def to_text(html: str, between_cells: str = " ") -> str:
    """What a person would read of sanitised HTML."""
    if not html:
        return ""
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    writer = _TextWriter(between_cells)
    writer.read(body)
    return writer.text()


def from_text(text: str) -> str:
    """Plain text as HTML that shows it the same."""
    return f'<div style="white-space:pre-wrap">{entities.escape(text)}</div>'


def for_mail(text: str) -> str:
    """Plain text as HTML that mail programs show the same: Outlook's engine does not know `white-space`."""
    return "<br>".join(_for_mail(line) for line in text.splitlines())


def _for_mail(line: str) -> str:
    shown = entities.escape(line.expandtabs(4), quote=False)
    if shown.startswith(" "):
        shown = f"&nbsp;{shown[1:]}"
    return shown.replace("  ", " &nbsp;")


def _clean(source: str) -> str:
    if "<" not in source:
        return (
            source
            if "&" in source and ">" not in source
            else entities.escape(entities.unescape(source), False)
        )
    if _nests_too_deep(source):
        # Tags are cut away rather than parsed: depth costs browsers and parsers more than it says.
        return entities.escape(re.sub(r"<[^<>]*>", " ", source))
    return _CLEANER.clean(source).replace(f'src="{_REMOTE}', 'data-src="')


def _reclean(cleaned: str) -> str:
    # What was set aside as data-src must pass again.
    return _clean(cleaned.replace(' data-src="', ' src="'))


_OPEN_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = {"br", "img", "hr", "col", "wbr", "input", "meta", "link", "area", "base", "p", "li", "td", "tr", "th", "dd",
         "dt", "option", "tbody", "thead", "tfoot", "colgroup"}  # fmt: skip


def _nests_too_deep(source: str) -> bool:
    if source.count("<") < _MAX_DEPTH:
        return False
    depth = 0
    for match in _OPEN_CLOSE.finditer(source):
        if match.group(2).lower() in _VOID:
            continue
        depth = max(0, depth - 1) if match.group(1) else depth + 1
        if depth > _MAX_DEPTH:
            return True
    return False


_BLOCKS = {"p", "div", "table", "tr", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre",
           "section", "article", "header", "footer", "address", "center", "hr", "li", "dt", "dd", "figure", "details",
           "caption", "main", "nav", "aside", "summary", "figcaption"}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"}
_CELLS = {"td", "th"}
_WHITE = re.compile(r"[ \t\n\r\f]+")


class _TextWriter:
    """Lines as they would stand on a page; no layout beyond breaks, lists and cells."""

    def __init__(self, between_cells: str) -> None:
        self._between_cells = between_cells
        self._gap = " "
        # Nothing was written since a cell began that is told from its neighbour.
        self._begins_cell = False
        # Elements around that keep their lines and spaces.
        self._pre = 0
        self.pieces: list[str] = []
        # Line breaks owed before the next word.
        self.owed = 0
        self.space_owed = False

    def read(self, body: LexborNode) -> None:
        # Depth is bounded by the sanitiser, so that an explicit stack only serves to see where an element ends.
        stack: list[tuple[LexborNode | None, LexborNode]] = [(body.child, body)]
        while stack:
            node, parent = stack.pop()
            if node is None:
                self._leave(parent)
                continue
            stack.append((node.next, parent))
            tag = node.tag or ""
            if tag == "-text":
                self._words(node.text_content or "", self._pre > 0)
            elif tag == "br":
                self.owed = min(self.owed + 1, 2) if self._at_break else self.owed + 1
            elif tag == "img":
                self._words(node.attributes.get("alt") or "", False)
            else:
                self._enter(tag)
                stack.append((node.child, node))

    def text(self) -> str:
        return "".join(self.pieces).strip("\n")

    @property
    def _at_break(self) -> bool:
        return self.owed > 0

    def _enter(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._pre += tag == "pre"
            if not self._begins_cell:
                self.owed = max(self.owed, 2 if tag in _PARAGRAPHS else 1)
            if tag == "li":
                self._write("- ")
            elif tag == "hr":
                self._write("---")
        elif tag in _CELLS and self.pieces and not self._at_break:
            self.space_owed, self._gap = True, self._between_cells
            self._begins_cell = self._gap != " "

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._pre -= tag == "pre"
            self.owed = max(self.owed, 2 if tag in _PARAGRAPHS else 1)
        elif tag == "a":
            self._link(node)

    def _link(self, node: LexborNode) -> None:
        target = node.attributes.get("href") or ""
        shown = node.text(deep=True).strip() if target.startswith(("http:", "https:")) else ""
        if shown and shown.rstrip("/") != target.rstrip("/") and len(target) <= 500:
            self._words(f" <{target}>", False)

    def _words(self, text: str, is_pre: bool) -> None:
        if is_pre:
            if text:
                self._write(text)
            return
        words = _WHITE.sub(" ", text)
        if words == " " or not words:
            self.space_owed = self.space_owed or bool(words)
            return
        self.space_owed = self.space_owed or words[0] == " "
        ends_open = words[-1] == " "
        self._write(words.strip(" ").replace("\xa0", " "))
        self.space_owed = ends_open

    def _write(self, text: str) -> None:
        if self.owed:
            if self.pieces:
                self.pieces.append("\n" * min(self.owed, 3))
            self.owed = 0
        elif self.space_owed and self.pieces:
            self.pieces.append(self._gap)
        self.space_owed, self._gap, self._begins_cell = False, " ", False
        self.pieces.append(text)
