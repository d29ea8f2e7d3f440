"""A replica set of three members that loses its primary in every way, under load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.nodes import MongoNode
from tests.chaos.generator import Generator
from tests.chaos.site import Site, let_pass, running_site, some_more
from tests.waiting import wait_until

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

# Much longer than an election (3 s): the old primary wakes up in a set that has gone on without it.
FROST = 15.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A system on three members."""
    folder: Path = tmp_path_factory.mktemp("elections")
    with (
        MongoNode(folder / "mongo", members=3, cache_gb=0.25) as mongo,
        running_site(folder, mongo) as site,
    ):
        yield site


def await_another(site: Site, before: int) -> None:
    """Return when another member than the one before is primary."""
    wait_until(lambda: site.mongo.primary() != before, timeout=60, interval=0.2, describe="another primary")


def test_nothing_is_lost_or_doubled_when_the_primary_steps_down(site: Site, load: Generator) -> None:
    for _ in range(3):
        before = site.mongo.primary()
        site.mongo.step_down(seconds=10)
        await_another(site, before)
        some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_primary_is_killed(site: Site, load: Generator) -> None:
    for _ in range(2):
        before = site.mongo.primary()
        site.mongo.kill9(before)
        await_another(site, before)
        some_more(load)
        site.mongo.start_member(before)
        some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_primary_stands_still_and_wakes_up(
    site: Site, load: Generator
) -> None:
    before = site.mongo.primary()
    site.mongo.freeze(before)
    try:
        let_pass(FROST)
        await_another(site, before)
        some_more(load)
    finally:
        site.mongo.thaw(before)
    some_more(load)
    site.judge(load)
