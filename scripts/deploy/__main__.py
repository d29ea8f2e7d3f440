"""python -m scripts.deploy check   image, compose file, chart, rules and dashboard are right
python -m scripts.deploy copy    give the chart its copies of the rules and the dashboard"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from scripts.deploy import chart, copies, dashboard, image, rules
from scripts.deploy.tools import ToolMissing

CHECKS: Mapping[str, Callable[[], list[str]]] = {
    "Dockerfile": image.dockerfile,
    "compose file": image.compose,
    "chart's copies": copies.stale,
    "chart": chart.lint,
    "chart's manifests": chart.manifests,
    "rules": rules.syntax,
    "rules' tests": rules.proofs,
    "rules' metrics": rules.names,
    "runbooks": rules.runbooks,
    "dashboard": dashboard.lint,
}


def check() -> int:
    """Run every check; a line for each fault."""
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        answers = {name: pool.submit(_asked, one) for name, one in CHECKS.items()}
        problems = [f"{name}: {problem}" for name, answer in answers.items() for problem in answer.result()]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"deploy: {len(CHECKS)} checks passed in {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


def _asked(one: Callable[[], list[str]]) -> list[str]:
    try:
        return one()
    except ToolMissing as missing:
        return [str(missing)]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.deploy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("word", choices=["check", "copy"])
    if parser.parse_args().word == "copy":
        for changed in copies.copy():
            print(f"deploy: {changed}")
        return 0
    return check()


if __name__ == "__main__":
    sys.exit(main())
