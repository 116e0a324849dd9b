"""What is stored: the same documents for every side, composed by event-model."""

from collections.abc import Iterator
from typing import Any

from event_model import compose_run

EPOCH, PERIOD_S = 1_700_000_000.0, 60.0
KEYS = tuple(f"signal_{number}" for number in range(7))

NamedDocument = tuple[str, dict[str, Any]]


def run(events: int, *, page: int = 0) -> list[NamedDocument]:
    """A run of events with seven numbers each; ``page``: so many events to a document."""
    made = compose_run(metadata={"plan_name": "scan", "scan_id": 1})
    keys = {key: {"dtype": "number", "shape": [], "source": f"twin:{key}"} for key in KEYS}
    stream = made.compose_descriptor(name="primary", data_keys=keys)
    documents: list[NamedDocument] = [("start", made.start_doc)]
    documents.append(("descriptor", stream.descriptor_doc))
    for first in range(0, events, page or 1):
        values = [_values(first + number) for number in range(page or 1)]
        if page:
            documents.append(("event_page", stream.compose_event_page(**_columns(first, values))))
        else:
            documents.append(("event", stream.compose_event(**values[0], validate=False)))
    documents.append(("stop", made.compose_stop()))
    return documents


def _values(number: int) -> dict[str, Any]:
    time = EPOCH + number
    return {
        "data": {key: number + 0.1 * index for index, key in enumerate(KEYS)},
        "timestamps": {key: time + 0.001 * index for index, key in enumerate(KEYS)},
        "time": time,
    }


def _columns(first: int, values: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {
        part: {key: [each[part][key] for each in values] for key in KEYS}
        for part in ("data", "timestamps")
    }
    seq_num = list(range(first + 1, first + 1 + len(values)))
    return {**columns, "time": [each["time"] for each in values], "seq_num": seq_num}


def headers(count: int) -> Iterator[NamedDocument]:
    """Start and stop documents of so many runs, one a minute, that are told apart by searches."""
    made = compose_run(metadata={})
    start, stop = made.start_doc, made.compose_stop()
    for number in range(count):
        time, uid = EPOCH + PERIOD_S * number, f"{number:08x}-5f0c-4a81-9b6e-2d1c7a90e3f4"
        yield "start", {**start, "uid": uid, "time": time, **_metadata(number)}
        yield "stop", {**stop, "uid": uid[::-1], "run_start": uid, "time": time + PERIOD_S / 2}


def _metadata(number: int) -> dict[str, Any]:
    return {
        "scan_id": number,
        "plan_name": ("scan", "count", "grid_scan", "list_scan")[number % 4],
        "sample": {"name": f"sample-{number % 100}", "thickness_um": 5.0 + number % 17},
        "purpose": "alignment" if number % 20 == 0 else "measurement",
        "title": f"Diffraction of specimen word{number % 100} in the slit's far field",
        "batch": f"batch-{number}",
    }
