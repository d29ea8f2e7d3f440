"""What travels to a browser: the files that are named, nothing else, and not too much."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.console.pages.assets import Assets
from services.console.pages.renderer import Renderer

ROOT = Path(__file__).parents[4]
TEMPLATES = ROOT / "services/console/templates"


def test_the_vendored_files_are_the_named_ones() -> None:
    answer = subprocess.run(
        [sys.executable, "scripts/assets.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""


def test_an_asset_of_another_hash_is_not_there() -> None:
    assets = Assets()
    assert assets.find(assets.url("console.js")) is not None
    assert assets.find("/static/000000000000/console.js") is None
    assert assets.find(assets.prefix + "../config.py") is None


def test_inbox_and_ticket_load_at_most_60_kb_of_code() -> None:
    assets = Assets()
    files = ("vendor/htmx.min.js", "vendor/hx-sse.min.js", "console.js", "console.css")
    assert sum(assets.packed_size(name) for name in files) <= 60_000


def test_no_page_loads_more_than_150_kb_of_code() -> None:
    assets = Assets()
    code = [name for name in assets._assets if name.endswith((".js", ".css"))]
    assert sum(assets.packed_size(name) for name in code) <= 150_000


def test_every_icon_of_the_sprite_is_used_and_every_used_icon_is_in_it() -> None:
    sprite = set(re.findall(r'id="i-([a-z-]+)"', (TEMPLATES / "parts/sprite.svg").read_text()))
    sources = [
        path.read_text()
        for path in [*TEMPLATES.rglob("*.html"), *(ROOT / "services/console/pages").glob("*.py")]
    ]
    text = "\n".join(sources)
    named = {name for name in sprite if f'"{name}"' in text}
    drawn = set(re.findall(r'(?:draw\.)?icon\("([a-z-]+)"', text))
    assert drawn <= sprite
    assert sprite - named == set()


def test_no_template_carries_a_script_or_a_handler() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]+src=)", text), path
        assert not re.search(r"\son[a-z]+=|hx-on|js:|javascript:", text), path


def test_every_template_compiles_in_every_language() -> None:
    renderer = Renderer(Assets())
    for language in ("en", "pt", "ru"):
        environment = renderer.environment(language)
        for path in TEMPLATES.rglob("*.html"):
            environment.get_template(path.relative_to(TEMPLATES).as_posix())


INKS = (
    "text",
    "text-2",
    "text-3",
    "accent-text",
    "red-text",
    "orange-text",
    "yellow-text",
    "green-text",
    "violet-text",
)
SURFACES = ("canvas", "sunken", "surface", "raised", "hover", "selected", "note")


def tokens() -> dict[str, tuple[str, str]]:
    text = (ROOT / "services/console/static/console.css").read_text()
    return {name: (light, dark) for name, light, dark in re.findall(
        r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", text)}  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_can_be_read_on_every_surface(ink: str, theme: int) -> None:
    known = tokens()
    for surface in SURFACES:
        assert contrast(known[ink][theme], known[surface][theme]) >= 4.5, surface
