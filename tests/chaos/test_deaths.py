"""Roles that die at any moment, again and again."""

import random

import pytest

from tests.chaos.generator import Generator
from tests.chaos.site import CARRIERS, Site, let_pass, some_more

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(900)]

DEATHS = 25
# Between two deaths, in seconds: a role needs about two to be back, so that some die while others rise.
MOST = 3.0


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_nothing_is_lost_or_doubled_when_roles_die_again_and_again(
    site: Site, load: Generator, chance: random.Random, turn: int
) -> None:
    for _ in range(DEATHS):
        let_pass(chance.uniform(0, MOST))
        site.kill(chance.choice(CARRIERS))
    some_more(load)
    site.judge(load)
