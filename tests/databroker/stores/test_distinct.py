"""Values that runs have, each once: SQLite finds them in its JSON, and says what asking every run would."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamtwin.databroker.query import rank, same
from beamtwin.databroker.stores.searched import answers, different
from beamtwin.databroker.stores.sqlite import SqliteStore

numbers = [0, 1, -0.0, 1.0, 0.1, 1e300, 2**53 + 1, 2**70, float("nan"), float("inf")]
texts = ["", "1", "a", "A", "ä", "nul\0", "nul", '"', "\\"]
others = [None, True, False, b"a", np.int16(1), np.float32(0.1)]
scalars = st.sampled_from([*numbers, *texts, *others])
keys = st.sampled_from(["name", "size", "0", "na.me", "$x", "ä"])
samples = st.recursive(
    scalars | st.builds(np.array, st.lists(st.integers(0, 3), max_size=3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
in_start = ["sample", "sample.name", "sample.size.name", "sample.0", "sample.$x", "sample.ä"]
in_others = ["stop.reason", "stop.reason.name", "annotations.note", "annotations.note.name"]
asked = st.sampled_from([*in_start, *in_others, "scan_id", "absent"])
queries = st.sampled_from([{}, {"scan_id": {"$gte": 1}}, {"plan_name": "scan"}, {"scan_id": 77}])


@pytest.fixture(scope="module")
def memory():
    with SqliteStore(":memory:") as opened:
        yield opened


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(several=st.lists(samples, max_size=4), key=asked, query=queries)
def test_what_sql_finds_is_what_every_run_has(memory, make, several, key, query):
    file_afresh(memory, make, several)
    found = memory.distinct(key, query)
    expected = different(key, (searched for _, searched in answers(query, memory.find({}))))
    assert list(map(rank, found)) == list(map(rank, expected))
    assert all(any(same(value, other) for other in expected) for value in found)
    assert all(any(same(value, other) for other in found) for value in expected)


def file_afresh(store, make, several):
    """Instead of the runs that are there: one for each sample, which its stop and its annotations have, too."""
    for header in list(store.find({})):
        store.hide(header.start["uid"])
        store.delete(header.start["uid"])
    for number, sample in enumerate(several):
        documents = make.run(0, sample=sample, scan_id=number)
        documents[-1][1]["reason"] = sample
        store.insert_all(documents)
        store.annotate(documents[0][1]["uid"], lambda _, sample=sample: {"note": sample})
