"""Indexes are made where they are missing, however long that takes."""

import threading
import time

import pytest
from pymongo import IndexModel

from chassis.mongo import connect, ensure_indexes


@pytest.mark.slow
def test_an_index_that_takes_longer_than_a_call_may_is_waited_for(
    mongo_url: str, database_prefix: str
) -> None:
    # A call may take six seconds.
    with connect(mongo_url) as client, connect(mongo_url) as other, other.start_session() as session:
        rows = client[f"{database_prefix}indexes"]["rows"]
        rows.insert_one({"a": 1})
        # A build waits for whoever writes.
        session.start_transaction()
        other[rows.database.name]["rows"].insert_one({"a": 2}, session=session)
        making = threading.Thread(target=ensure_indexes, args=(rows.database, {"rows": [IndexModel("a")]}))
        making.start()
        time.sleep(7)
        assert making.is_alive()
        session.abort_transaction()
        making.join(60)
        assert "a_1" in rows.index_information()
