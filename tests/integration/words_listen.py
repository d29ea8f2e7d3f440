"""The keeper of words as a process of its own, so that a test can kill it."""

import os
import sys
from datetime import timedelta

from chassis import run
from tests.integration.words import Place


def main() -> int:
    place = Place(os.environ["WORDS_BROKER_URL"], os.environ["WORDS_MONGO_URL"], os.environ["WORDS_DATABASE"])
    return run.run([place.sweeper(), place.listen(prefetch=5, batch_max=20)], grace=timedelta(seconds=5))


if __name__ == "__main__":
    sys.exit(main())
