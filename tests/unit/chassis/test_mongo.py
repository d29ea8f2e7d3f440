"""The driver's errors by their way of failing."""

import pytest
from pymongo.errors import BulkWriteError

from chassis.errors import Unavailable
from chassis.mongo import Raced, name_failure

DUPLICATE = {"code": 11000, "errmsg": "E11000 duplicate key"}
INTERRUPTED = {"code": 11602, "codeName": "InterruptedDueToReplStateChange"}


@pytest.mark.parametrize(
    ("details", "way"),
    [
        ({"writeErrors": [DUPLICATE]}, Raced),
        # A write that was interrupted, sent again, and met itself: whether a majority has it nobody knows.
        ({"writeErrors": [DUPLICATE], "writeConcernErrors": [INTERRUPTED]}, Unavailable),
        ({"writeErrors": [], "writeConcernErrors": [INTERRUPTED]}, Unavailable),
        ({"writeErrors": [{"code": 121, "errmsg": "the server's own judgement"}]}, BulkWriteError),
    ],
)
def test_a_bulk_write_that_failed_is_named(details: dict[str, object], way: type[Exception]) -> None:
    assert isinstance(name_failure(BulkWriteError(details)), way)
