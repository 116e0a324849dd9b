"""A store in MongoDB."""

from collections.abc import Iterator

import pytest

from beamtwin.databroker.stores.mongo.store import MongoStore


@pytest.fixture
def store(mongo_opener) -> Iterator[MongoStore]:
    with mongo_opener() as opened:
        yield opened
