"""The page that defines the figures names all of them."""

from pathlib import Path

from services.reports.domain.figures import COUNTS, DURATIONS

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def test_every_figure_is_defined() -> None:
    text = PAGE.read_text()
    assert [name for name in (*COUNTS, *DURATIONS) if f"`{name}`" not in text] == []
