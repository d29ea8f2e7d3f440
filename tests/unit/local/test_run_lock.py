import os
from pathlib import Path

import pytest

from local.run_lock import RunsAlready, holder_of_run, run_lock


def test_a_folder_has_one_run_and_says_whose(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        assert holder_of_run(tmp_path) == os.getpid()
        with pytest.raises(RunsAlready), run_lock(tmp_path):
            pass


def test_a_folder_is_free_again_after_its_run(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        pass
    assert holder_of_run(tmp_path) is None


def test_asking_who_runs_makes_no_folder(tmp_path: Path) -> None:
    assert holder_of_run(tmp_path / "never") is None
    assert not (tmp_path / "never").exists()
