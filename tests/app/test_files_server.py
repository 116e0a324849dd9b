"""The catalogue over HTTP."""

import json
import threading
from http.client import HTTPConnection
from io import BytesIO
from urllib.parse import quote
from zipfile import ZipFile

import pytest

from beamtwin.app.files_server import CatalogueServer
from beamtwin.databroker.broker import Broker


@pytest.fixture
def server(filed, data):
    """On a free port of loopback."""
    assets = data / "assets"
    assets.mkdir()
    (assets / "frames.h5").write_bytes(b"frames" * 1000)
    (data / "assets-secret").write_text("secret")
    (assets / "link").symlink_to(data / "catalog.sqlite")
    with (
        Broker.open(data / "catalog.sqlite", readonly=True) as broker,
        CatalogueServer(broker, assets, ("127.0.0.1", 0)) as opened,
    ):
        thread = threading.Thread(target=opened.serve_forever, args=(0.01,))
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


@pytest.fixture
def ask(server):
    """A request as it is: clients of Python's tidy up paths."""

    def request(path, method="GET", host="localhost"):
        connection = HTTPConnection(*server.server_address, timeout=10)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    return request


def test_runs_are_listed_and_searched(ask, filed):
    def found(path):
        status, body = ask(path)
        assert status == 200
        return [run["uid"] for run in json.loads(body)]

    assert found("/runs") == filed[::-1]
    assert found("/runs?limit=1") == filed[2:]
    assert found("/runs?query=%7B%22scan_id%22:2%7D") == [filed[1]]
    assert found("/runs?text=gold") == []


def test_a_run_its_documents_and_it_as_a_file(ask, filed, catalogue):
    status, body = ask("/runs/0bcdef")
    assert (status, json.loads(body)["start"]["uid"]) == (200, filed[0])
    _, body = ask("/runs/1/documents")
    assert [json.loads(line)[0] for line in body.splitlines()] == [
        name for name, _ in catalogue()[1].documents()
    ]
    status, body = ask("/runs/-1/export/csv")
    assert status == 200
    assert b"\ntime,x,y\n" in body


def test_files_of_the_assets_folder(ask):
    assert ask("/assets/frames.h5") == (200, b"frames" * 1000)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../catalog.sqlite",
        "/assets/%2e%2e/catalog.sqlite",
        "/assets/..%2fcatalog.sqlite",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/../assets-secret",
        "/assets/link",
        "/assets/a%00b",
        "/assets/",
        "/assets/none.h5",
        "/etc/passwd",
        "/runs/0bcdef/export/tiff",
        "/runs/0bcdef/export/docx",
        "/runs/99",
    ],
)
def test_nothing_else_is_given_out(path, ask):
    status, body = ask(path)
    assert status == 404
    assert list(json.loads(body)) == ["error"]


@pytest.mark.parametrize("path", ["/runs?query=5", "/runs?query={", "/runs?limit=x"])
def test_questions_that_make_no_sense(path, ask):
    assert ask(path)[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_nothing_is_changed(method, ask):
    assert ask("/runs", method)[0] == 405


def test_other_sites_that_lead_here_are_refused(ask):
    assert ask("/runs", host="evil.example:80")[0] == 403


def test_the_command_warns_of_open_doors(start, filed):
    command = start("serve-files", "--host", "0.0.0.0", "--port", "0")
    lines = command.line() + command.line()
    assert "warning: whoever reaches 0.0.0.0 can read every run" in lines
    assert "/runs, until Ctrl-C" in lines
    command.signal(2)
    assert command.outcome().out.endswith("ended by Ctrl-C\n")


@pytest.mark.parametrize(
    "query", [{"plan_name": {"$regex": "(a+)+$"}}, {"$or": [{"a": {"$not": {"$regex": "b"}}}]}]
)
def test_no_strangers_regular_expression_is_asked(ask, query):
    status, body = ask(f"/runs?query={quote(json.dumps(query))}")
    assert (status, b"$regex: may take for ever" in body) == (400, True)


def test_a_file_that_documents_name_is_not_given(ask, catalogue, data):
    """Whoever can file a run could have any file of the machine otherwise."""
    secret = data / "assets-secret"
    run = {"uid": "spy", "time": 1.0}
    resource = {"uid": "r", "run_start": "spy", "spec": "ASCII", "root": str(secret.parent)}
    resource |= {"resource_path": secret.name, "resource_kwargs": {}, "path_semantics": "posix"}
    with Broker.open(data / "catalog.sqlite") as broker:
        for name, doc in (("start", run), ("resource", resource)):
            broker.insert(name, doc)
        status, body = ask("/runs/spy/export/beamtwin")
    assert status == 200
    with ZipFile(BytesIO(body)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("assets")]
