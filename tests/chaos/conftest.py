"""A system on nodes of its own, because these tests kill nodes, and messages on their way while they do."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.nodes import MongoNode
from tests.chaos.chance import SEED, chance_of
from tests.chaos.generator import Generator, Ledger
from tests.chaos.site import Site, running_site, some_more


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"chaos: RELAYDESK_CHAOS_SEED={SEED} repeats what was left to chance")


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("chaos")
    with MongoNode(folder / "mongo") as mongo, running_site(folder, mongo) as site:
        yield site


@pytest.fixture
def load(site: Site, tmp_path: Path) -> Iterator[Generator]:
    """Messages by both doors while the test does its harm."""
    # The test before may have started roles again at its end.
    site.await_ready()
    generator = Generator(site.system, Ledger(tmp_path / "ledger.jsonl"))
    generator.start()
    some_more(generator, 20)
    yield generator
    generator.stop()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What this test leaves to chance; the seed is printed."""
    print(f"RELAYDESK_CHAOS_SEED={SEED}")
    return chance_of(request.node.name)
