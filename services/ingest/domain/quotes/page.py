"""Sanitised HTML: what a person newly said in it.

The page is read as lines, without the tags that make none; the same rules as for text say which lines are new. Only where
something is cut is the page read again, as far as it is kept, into pieces of the source that know their lines: what is left
of them without the others is well-formed again.
"""

import re
from html import unescape

from services.ingest.domain.quotes import attribution
from services.ingest.domain.quotes.marks import HISTORY, HOLDS, LEADS, SIGNATURES
from services.ingest.domain.quotes.slicing import new_lines

# As the sanitiser writes: every attribute in double quotes, every element closed.
_TOKEN = re.compile(r'(<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s"=<>/]+(?:="[^"]*")?)*)\s*/?>|[^<]+|<)')
# Tags that neither begin a line nor mark anything.
_INLINE = re.compile(r"</?(?:a|b|i|u|s|em|strong|font|small|big|sub|sup|code|tt|abbr|del|ins)(?: [^<>]*)?>")
_INLINE_AND_SPANS = re.compile(_INLINE.pattern.replace("(?:a|", "(?:span|a|"))
# A span that has a role, or may have one.
_ROLE_OF_SPAN = re.compile(r'<span [^<>]*(?:class="|id="|white-space)')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_LABEL = re.compile(r"[^\W\d_][^:：]{0,24}\s?[:：]\s?\S")
_VOID = frozenset({"br", "img", "hr", "wbr", "col"})
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_BLOCKS = _SPACED | {
    "div", "tr", "dl", "section", "article", "header", "footer", "address", "center", "li", "dt", "dd", "figure", "details",
    "caption", "main", "nav", "aside", "summary", "figcaption",
}  # fmt: skip
_PICTURE = "\ufffc"
# Plain quotes that get a closer look.
_MOST_LOOKS = 50


def said_in_html(html: str) -> str:
    """The page without what is not new; empty where nothing was cut."""
    if "<" not in html:
        return ""
    page = _Page(_without_inline(html))
    if page.is_broken:
        return ""
    found = new_lines(page.lines, page.ends_at(), page.leads, page.signed)
    return "" if found is None else _Page(html, found[1]).slice(*found)


def _without_inline(html: str) -> str:
    return (_INLINE if _ROLE_OF_SPAN.search(html) else _INLINE_AND_SPANS).sub("", html)


class _Page:
    """The lines of a page; where `stop` is given, those before it and the pieces of its source."""

    def __init__(self, html: str, stop: int | None = None) -> None:
        self.lines: list[str] = []
        self.leads: set[int] = set()
        self.signed: set[int] = set()
        self.is_broken = False
        # Source, tag ("" for text), whether it closes, line.
        self._pieces: list[tuple[str, str, bool, int]] = []
        self._keeps = stop is not None
        self._stack: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._history: int | None = None
        self._bordered: list[int] = []
        self._looks = 0
        self._depth = {"quote": 0, "pre": 0, "lead": 0, "signed": 0}
        for source, closes, tag, attributes in _TOKEN.findall(html):
            if not tag:
                self._text(source)
            elif closes:
                self._close(source, tag)
            else:
                self._open(source, tag, attributes)
                if stop is not None and len(self.lines) > stop:
                    # Nothing that is kept comes after it.
                    break
        self._end_line()
        self.is_broken = self.is_broken or bool(self._stack)

    def ends_at(self) -> int | None:
        """The line from which on a mark says that all is history."""
        ends = [self._history] if self._history is not None else []
        # Outlook draws a line above the head of the answered mail, whatever the language of its fields.
        for line in self._bordered:
            if sum(_LABEL.match(one) is not None for one in self.lines[line : line + 4]) >= 2:
                ends.append(line)
                break
        return min(ends, default=None)

    def slice(self, start: int, stop: int) -> str:
        """The source of these lines, in their elements; empty elements that held others are gone."""
        out: list[str] = []
        stack: list[list[int]] = []
        # Where it began, whether something was cut from it, whether something was kept in it.
        top = [0, 0, 0]
        for source, tag, closes, line in self._pieces:
            is_in = start <= line < stop
            if tag and tag not in _VOID and not closes:
                stack.append(top)
                top = [len(out), 0, 0]
                out.append(source)
            elif closes:
                begin, was_cut, was_kept = top
                top = stack.pop()
                if was_kept or (is_in and not was_cut):
                    out.append(source)
                    top[2] |= was_kept
                else:
                    del out[begin:]
                top[1] |= was_cut
            elif is_in:
                out.append(source)
                top[2] |= not source.isspace()
            else:
                top[1] = 1
        # Where reading broke off these were open, and no end of theirs is kept but for the sake of what they hold.
        for tag, _ in reversed(self._stack):
            begin, _, was_kept = top
            top = stack.pop()
            if was_kept:
                out.append(f"</{tag}>")
                top[2] = 1
            else:
                del out[begin:]
        return "".join(out).strip()

    def _text(self, source: str) -> None:
        pieces = source.split("\n") if self._depth["pre"] else [source]
        for number, piece in enumerate(pieces):
            if number:
                if self._keeps:
                    self._pieces.append(("\n", "", False, len(self.lines)))
                self._end_line(always=True)
            if piece:
                if self._keeps:
                    self._pieces.append((piece, "", False, len(self.lines)))
                self._words.append(unescape(piece) if "&" in piece else piece)

    def _open(self, source: str, tag: str, attributes: str) -> None:
        if tag == "br":
            self._keep(source, tag)
            self._end_line(always=True)
            return
        if tag in _VOID:
            if tag == "hr":
                self._end_line()
                self._words.append("____")
            elif tag == "img" and not _is_pixel(attributes):
                self._words.append(_PICTURE)
            self._keep(source, tag)
            if tag == "hr":
                self._end_line()
            return
        if tag in _BLOCKS:
            self._end_line()
        elif tag in ("td", "th"):
            self._words.append(" ")
        role = self._role(tag, attributes) if attributes or tag in ("blockquote", "pre") else ""
        if role:
            self._depth[role] += 1
        if tag == "blockquote" and self._stack and role == "quote":
            # The answer after it is no longer a line that leads to it.
            self._depth["lead"] = 0
        self._stack.append((tag, role))
        self._keep(source, tag)

    def _keep(self, source: str, tag: str) -> None:
        if self._keeps:
            self._pieces.append((source, tag, False, len(self.lines)))

    def _close(self, source: str, tag: str) -> None:
        if not self._stack or self._stack[-1][0] != tag:
            self.is_broken = True
            return
        _, role = self._stack.pop()
        line = len(self.lines)
        if tag in _BLOCKS:
            self._end_line()
        if role and self._depth[role]:
            self._depth[role] -= 1
        # It closes on the line that it holds last.
        if self._keeps:
            self._pieces.append(
                (source, tag, True, max(line, len(self.lines) - 1) if tag in _BLOCKS else line)
            )
        if tag in _SPACED and self.lines and self.lines[-1] not in ("", ">"):
            self.lines.append(">" if self._depth["quote"] else "")

    def _role(self, tag: str, attributes: str) -> str:
        named = dict(_ATTRIBUTE.findall(attributes))
        style = named.get("style", "")
        if tag == "blockquote":
            return "quote" if self._is_quote(named, style) else ""
        if tag == "pre" or "white-space:pre" in style.replace(" ", ""):
            return "pre"
        for mark in f"{named.get('class', '')} {named.get('id', '')}".split():
            if mark in HISTORY:
                if self._history is None and not self._depth["quote"]:
                    self._end_line()
                    self._history = len(self.lines)
            elif mark in LEADS or mark in HOLDS:
                return "lead"
            elif mark in SIGNATURES:
                return "signed"
        if tag == "div" and "border-top" in style and "solid" in style:
            self._bordered.append(len(self.lines))
        return ""

    def _is_quote(self, named: dict[str, str], style: str) -> bool:
        if (
            named.get("type") == "cite"
            or "cite" in named
            or "gmail_quote" in named.get("class", "")
            or "border-left" in style
        ):
            return True
        if self._depth["quote"] or self._looks >= _MOST_LOOKS:
            return False
        self._looks += 1
        last = len(self.lines) - 1
        while last >= 0 and not self.lines[last].strip():
            last -= 1
        return last >= 0 and attribution.find(self.lines, last, 0, above_quote=True) >= 0

    def _end_line(self, *, always: bool = False) -> None:
        words = " ".join("".join(self._words).split()) if self._words else ""
        self._words.clear()
        if not words and not always:
            return
        depth = self._depth
        if depth["quote"]:
            words = f"> {words}"
        else:
            if depth["lead"]:
                self.leads.add(len(self.lines))
            if depth["signed"]:
                self.signed.add(len(self.lines))
        self.lines.append(words)


def _is_pixel(attributes: str) -> bool:
    named = dict(_ATTRIBUTE.findall(attributes))
    return named.get("width") in ("0", "1") or named.get("height") in ("0", "1")
