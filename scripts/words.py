"""Keep the console's translations in step with its sentences; with --check only say where they are not.

A sentence that is new stands untranslated in the .po files until somebody translates it, and one that is gone is dropped.
"""

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent / "services/console"
LANGUAGES = ("pt", "ru")
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]


def sentences() -> Catalog:
    """Every sentence of pages and templates, where it stands included."""
    catalog = Catalog(project="relaydesk console", charset="utf-8")
    options = {"templates/**.html": {"encoding": "utf-8", "newstyle_gettext": "true"}}
    found = extract_from_dir(ROOT, METHODS, options_map=options)
    for name, _line, message, comments, context in sorted(found, key=lambda row: (str(row[0]), row[1])):
        catalog.add(message, None, [(name, None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return catalog


def path_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "console.po"


def merged(language: str, template: Catalog) -> Catalog:
    """The language's catalogue with exactly the sentences of the template."""
    path = path_of(language)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    else:
        catalog = Catalog(locale=language, project="relaydesk console", charset="utf-8", fuzzy=False)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def written(catalog: Catalog) -> bytes:
    out = BytesIO()
    # Neither dates nor line numbers: a file changes only where a sentence does.
    write_po(out, catalog, sort_output=True, omit_header=False, include_lineno=False, width=118)
    lines = [line for line in out.getvalue().splitlines(keepends=True) if not _is_restless(line)]
    return b"".join(lines)


def _is_restless(line: bytes) -> bool:
    return any(
        word in line
        for word in (b"-Date:", b"Generated-By:", b"Last-Translator:", b"# FIRST AUTHOR", b"ORGANIZATION")
    )


def problems(language: str, template: Catalog) -> Iterator[str]:
    """What keeps the language from being whole."""
    catalog = merged(language, template)
    if not path_of(language).exists() or written(catalog) != path_of(language).read_bytes():
        yield f"{path_of(language).relative_to(ROOT)}: not in step; run `make words`"
    for message in catalog:
        if not message.id:
            continue
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(forms):
            yield f"{language}: not translated: {message.id!r}"
        for error in message.check(catalog):
            yield f"{language}: {error}: {message.id!r}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    template = sentences()
    if parser.parse_args().check:
        found = [problem for language in LANGUAGES for problem in problems(language, template)]
        for problem in found:
            print(problem, file=sys.stderr)
        return 1 if found else 0
    for language in LANGUAGES:
        catalog = merged(language, template)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(catalog))
        missing = sum(1 for message in catalog if message.id and not message.string)
        print(f"{language}: {len(catalog)} sentences, {missing} not translated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
