"""Runs of a real tiled server, in this process."""

from collections.abc import Iterator
from typing import Any

import pytest

from beamtwin.databroker.interchange.documents import documents_of, import_documents

#: They warn of each other.
pytestmark = pytest.mark.filterwarnings("ignore")

CATALOGUE = {"tree": "tiled.catalog:in_memory", "path": "/"}
#: Without this a server of tiled gives out no documents.
EXPORTER = "bluesky_tiled_plugins.exporters:json_seq_exporter"


@pytest.fixture
def catalogue(tmp_path) -> Iterator[Any]:
    """A CatalogOfBlueskyRuns. Nothing of tiled is imported before it is needed: that takes seconds."""
    pytest.importorskip("bluesky_tiled_plugins", reason="tiled is not installed")
    server = pytest.importorskip("tiled.server.app", reason="tiled's server is not installed")
    from tiled.client import Context, from_context

    storage = [f"sqlite:///{tmp_path / 'tables.db'}", str(tmp_path / "files")]
    specs = [{"name": "CatalogOfBlueskyRuns", "version": "3.0"}]
    config = {
        "trees": [{**CATALOGUE, "args": {"writable_storage": storage, "specs": specs}}],
        "authentication": {"allow_anonymous_access": True},
        "media_types": {"BlueskyRun": {"application/json-seq": EXPORTER}},
    }
    with Context.from_app(server.build_app_from_config(config)) as context:
        yield from_context(context)


def test_runs_of_tiled_keep_their_uids(catalogue, elsewhere, make):
    from bluesky_tiled_plugins import TiledWriter

    writer = TiledWriter(catalogue)
    runs = [make.run(), make.run()]
    for name, doc in (document for run in runs for document in run):
        writer(name, doc)
    import_documents(elsewhere, documents_of(catalogue), "tiled")
    for documents in runs:
        (_, start), (_, descriptor), *events, (_, stop) = documents
        run = elsewhere[start["uid"]]
        assert (run.start, run.stop) == (start, stop)
        assert [doc["uid"] for doc in run.primary.descriptors] == [descriptor["uid"]]
        for key in descriptor["data_keys"]:
            assert run.primary.read()[key].values.tolist() == [
                doc["data"][key] for _, doc in events
            ]
    again = import_documents(elsewhere, documents_of(catalogue), "tiled")
    assert len(again) == len(elsewhere) == len(runs)
