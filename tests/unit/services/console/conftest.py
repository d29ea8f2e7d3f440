"""A console over fakes, and people in front of it."""

import pytest

from services.console.pages.app import build_app
from tests.console_over_fakes import Visitor, build_console
from tests.fakes.console import MemoryDesk, memory_desk


@pytest.fixture
def fakes() -> MemoryDesk:
    return memory_desk()


@pytest.fixture
def stranger(fakes: MemoryDesk) -> Visitor:
    """Somebody at the door."""
    console = build_console(fakes)
    return Visitor(console, build_app(console).test_client())


@pytest.fixture
def kate(stranger: Visitor) -> Visitor:
    """An administrator who signed in."""
    stranger.sign_in()
    return stranger


@pytest.fixture
def yulia(stranger: Visitor) -> Visitor:
    """One who only reads."""
    stranger.sign_in("yulia.kim@northline.example")
    return stranger
