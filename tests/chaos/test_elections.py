"""A replica set of three members that loses its primary in every way, under load."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.nodes import MongoNode
from tests.chaos.disks import full, may_mount, small_disks
from tests.chaos.generator import Generator
from tests.chaos.site import Site, let_pass, running_site, some_more
from tests.waiting import wait_until

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

# Much longer than an election (3 s): the old primary wakes up in a set that has gone on without it.
FROST = 15.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A system on three members, each with a disk of its own where this process may mount one."""
    folder: Path = tmp_path_factory.mktemp("elections")
    homes = [folder / "mongo" / f"member-{member}" for member in range(3)]
    with ExitStack() as stack:
        if may_mount():
            stack.enter_context(small_disks(*homes))
        mongo = stack.enter_context(MongoNode(folder / "mongo", members=3, cache_gb=0.25, oplog_mb=64))
        yield stack.enter_context(running_site(folder, mongo))


def await_another(site: Site, before: int) -> None:
    """Return when another member than the one before is primary."""
    wait_until(lambda: site.mongo.primary() != before, interval=0.2, describe="another primary")


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


# Where nobody may mount there is no disk to fill.
if may_mount():

    def test_nothing_is_lost_or_doubled_when_the_disk_of_the_primary_is_full(
        site: Site, load: Generator
    ) -> None:
        before = site.mongo.primary()
        with full(site.mongo.folder / f"member-{before}"):
            await_another(site, before)
            some_more(load)
        site.mongo.start_member(before)
        some_more(load)
        site.judge(load)

    def test_nothing_is_lost_or_doubled_when_every_disk_is_full(site: Site, load: Generator) -> None:
        with ExitStack() as disks:
            for member in range(3):
                disks.enter_context(full(site.mongo.folder / f"member-{member}"))
            wait_until(lambda: not site.mongo.is_running, describe="a member that gives up")
            let_pass(FROST)
        site.mongo.start()
        some_more(load)
        site.judge(load)
