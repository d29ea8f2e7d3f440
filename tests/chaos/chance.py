"""Chance that can be had again: RELAYDESK_CHAOS_SEED repeats a run's choices, test by test."""

import os
import random

SEED = os.environ.get("RELAYDESK_CHAOS_SEED") or str(random.SystemRandom().randrange(10**9))


def chance_of(test: str) -> random.Random:
    """The chance of one test, whatever ran before it."""
    return random.Random(f"{SEED} {test}")
