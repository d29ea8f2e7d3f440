"""The `relaydesk` command, as a person beside the system types it."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.system import System

ROOT = Path(__file__).parents[2]


def relaydesk(system: System, *words: str) -> str:
    """What it prints. Raises AssertionError with its complaint where it says no."""
    ran = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env={**system.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
