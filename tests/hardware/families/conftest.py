"""Devices with their counterparts, in virtual time."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from beamtwin.orchestration import RunEngine
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database

Documents = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def database(clock: SimClock) -> Database:
    return Database(clock)


@pytest.fixture
def twin(database: Database) -> Callable[..., Any]:
    """``twin(cls, prefix, settings, **arguments)``: a device that is connected to its counterpart."""

    def make(
        cls: type[Any], prefix: str, settings: Mapping[str, Any] | None = None, **arguments: Any
    ) -> Any:
        device = cls(prefix, arguments.pop("name", "d"), database, **arguments)
        populate(database, device, settings or {})
        device.connect()
        return device

    return make


@pytest.fixture
def run(clock: SimClock) -> Callable[[Any], Documents]:
    """``run(plan)``: the documents of a plan under our engine."""

    def execute(plan: Any) -> Documents:
        documents: Documents = []
        RunEngine({}, clock=clock)(plan, lambda name, document: documents.append((name, document)))
        return documents

    return execute
