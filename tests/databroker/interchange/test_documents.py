"""Documents from elsewhere: all or none."""

import json

import pytest

from beamtwin.databroker.errors import DataBrokerError, ImportFileError
from beamtwin.databroker.interchange.documents import documents_of, import_documents
from beamtwin.databroker.interchange.formats import export_runs, import_file


def test_another_catalogue(db, elsewhere, make, fill):
    for _ in range(3):
        fill(db, make.run())
    import_documents(elsewhere, documents_of(db))
    assert {run.uid for run in elsewhere} == {run.uid for run in db}


class Intake:
    """A run of databroker 1.x and 2.x, and a catalogue of runs as tiled gives it."""

    def __init__(self, documents):
        self._documents = documents

    def canonical(self, fill):
        assert fill == "no"
        yield from self._documents

    def __iter__(self):
        raise AssertionError("a catalogue's runs are its values")

    def values(self):
        return [self]


def test_what_databroker_and_tiled_give(elsewhere, make):
    documents = make.run()
    (run,) = import_documents(elsewhere, documents_of(Intake(documents)))
    assert make.same(list(run.documents()), documents)
    with pytest.raises(ImportFileError, match="int: neither a run nor a catalogue"):
        list(documents_of(5))


class Sorted(Intake):
    """A run of tiled, which sorts its documents by time."""

    def documents(self):
        (start, descriptor, *rest, stop) = self._documents
        yield from [start, *rest[:1], stop, descriptor, *rest[1:]]


def test_events_that_come_before_their_descriptor(elsewhere, make):
    documents = make.run()
    (run,) = import_documents(elsewhere, documents_of(Sorted(documents)))
    assert make.same(list(run.documents()), documents)


def test_an_event_without_a_descriptor(elsewhere, make):
    documents = make.run()
    del documents[1]
    with pytest.raises(ImportFileError, match="event: belongs to descriptor"):
        import_documents(elsewhere, documents_of(Sorted(documents)))


def broken(make, at, **changes):
    documents = make.run()
    documents[at] = (documents[at][0], documents[at][1] | changes)
    return documents


@pytest.mark.parametrize(
    ("at", "changes", "complaint"),
    [
        (2, {"descriptor": "x"}, "document 9, event: belongs to descriptor 'x'"),
        (2, {"data": {"m": 1.0}}, "event: lacks data that its descriptor names: d"),
        (2, {"data": {"m": 1, "d": 1, "e": 1}}, "event: has data that its descriptor does not"),
        (2, {"timestamps": {}}, "event: has timestamps of other keys than its data"),
        (1, {"data_keys": None}, "document 8, descriptor: data_keys are NoneType"),
    ],
)
def test_nothing_is_filed_of_documents_that_do_not_fit(elsewhere, make, at, changes, complaint):
    with pytest.raises(DataBrokerError, match=complaint):
        import_documents(elsewhere, [*make.run(), *broken(make, at, **changes)])
    assert len(elsewhere) == 0


def test_documents_out_of_place(elsewhere, make):
    documents = make.run()
    for wrong, complaint in (
        ([("telegram", {})], "not a kind of document that is known"),
        (documents[1:], "belongs to run_start"),
        ([*documents, documents[2]], "comes after the end of its run"),
        ([documents[0], documents[0]], "begins a second time"),
        ([("start", {"time": 1.0})], "has no uid"),
        ([], "holds no run"),
    ):
        with pytest.raises(ImportFileError, match=complaint):
            import_documents(elsewhere, wrong)
    assert len(elsewhere) == 0


@pytest.mark.parametrize("form", ["jsonl", "msgpack"])
def test_a_file_that_was_cut_off(form, scanned, elsewhere, tmp_path):
    (path,) = export_runs([scanned], tmp_path / f"run.{form}")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ImportFileError, match="cut off"):
        import_file(elsewhere, path)
    assert len(elsewhere) == 0


def test_a_line_that_is_no_document(elsewhere, tmp_path):
    path = tmp_path / "run.jsonl"
    for line in ("{", "[1, 2]", '["start", []]', '["start", {"$beamtwin": 1}]', "[" * 100_000):
        path.write_text(line + "\n")
        with pytest.raises(ImportFileError, match=r"run\.jsonl, line 1: is no document"):
            import_file(elsewhere, path)


def test_no_pickle_is_loaded(elsewhere, tmp_path):
    """msgpack-numpy would load what an array of objects holds."""
    import msgpack

    array = {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": b"cos\nsystem\n."}
    path = tmp_path / "run.msgpack"
    path.write_bytes(msgpack.packb(["start", {"uid": "u", "time": 1.0, "x": array}]))
    with pytest.raises(ImportFileError, match="an array of dtype object is not read"):
        import_file(elsewhere, path)


def test_lines_are_what_suitcase_writes(scanned, tmp_path):
    (path,) = export_runs([scanned], tmp_path / "run.jsonl")
    first = json.loads(path.read_text().splitlines()[0])
    assert first == ["start", scanned.start]
