"""Texts that rules write: `Dear {{ requester.name }}, your ticket is #{{ ticket.number }}.`

Jinja2 in its sandbox, and of it only what a text needs: names, filters, conditions. Nothing can loop, call or
multiply, so that no text costs more than its length.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_TEMPLATE = 20_000
LONGEST_TEXT = 50_000
FILTERS = ("capitalize", "default", "lower", "title", "trim", "truncate", "upper")
NAMES: Mapping[str, tuple[str, ...]] = {
    "ticket": (
        "number",
        "subject",
        "status",
        "priority",
        "channel",
        "group",
        "agent",
        "tags",
        "fields",
        "mailbox",
    ),
    "requester": ("name", "email"),
}
_TAKEN = (
    nodes.And,
    nodes.Compare,
    nodes.CondExpr,
    nodes.Const,
    nodes.Filter,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.Keyword,
    nodes.Name,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Output,
    nodes.Template,
    nodes.TemplateData,
)
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=True)
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in FILTERS}
_ENVIRONMENT.globals = {}


class TemplateMistake(ValueError):
    """What is wrong with a text; says what would do."""


def check_template(source: str) -> None:
    """Raises TemplateMistake."""
    if not source.strip():
        raise TemplateMistake("a text that is not empty")
    if len(source) > LONGEST_TEMPLATE:
        raise TemplateMistake(f"at most {LONGEST_TEMPLATE} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateMistake(f"a template without mistakes (line {error.lineno}: {error.message})") from None
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _TAKEN):
            raise TemplateMistake(
                f"only names, filters and if, not {type(node).__name__.lower()} (line {node.lineno})"
            )
        _check_names(node)


def _check_names(node: nodes.Node) -> None:
    if isinstance(node, nodes.Name) and node.name not in NAMES:
        raise TemplateMistake(
            f"names that begin with {' or '.join(NAMES)}, not {node.name!r} (line {node.lineno})"
        )
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise TemplateMistake(
            f"one of the filters {', '.join(FILTERS)}, not {node.name!r} (line {node.lineno})"
        )
    if isinstance(node, nodes.Getattr | nodes.Getitem) and not _is_known_path(node):
        known = ", ".join(f"{name}.{part}" for name, parts in NAMES.items() for part in parts)
        raise TemplateMistake(f"one of {known} (line {node.lineno})")


def _is_known_path(node: nodes.Getattr | nodes.Getitem) -> bool:
    inner = node.node
    if isinstance(inner, nodes.Name):
        return isinstance(node, nodes.Getattr) and node.attr in NAMES.get(inner.name, ())
    # ticket.fields.order, or ticket.fields["order number"]
    return isinstance(inner, nodes.Getattr) and inner.attr == "fields" and isinstance(inner.node, nodes.Name)


@lru_cache(maxsize=2_000)
def _compiled(source: str) -> object:
    return _ENVIRONMENT.from_string(source)


def render(source: str, values: Mapping[str, Mapping[str, object]]) -> str:
    """The text, cut at LONGEST_TEXT. Raises TemplateMistake where a filter does not take its value."""
    try:
        text = _compiled(source).render(values)  # type: ignore[attr-defined]
    except (TemplateError, TypeError, ValueError) as error:
        raise TemplateMistake(f"a text that can be filled in ({error})") from None
    return str(text)[:LONGEST_TEXT]
