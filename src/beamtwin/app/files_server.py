"""``beamtwin serve-files``: the catalogue over HTTP, to be read and never written.

=====================================  ===========================================================
``GET /runs``                          runs as JSON, newest first; ``query``, ``text``, ``limit``
``GET /runs/UID``                      a run's start and stop document, its streams, annotations
``GET /runs/UID/documents``            its documents, a line of JSON each
``GET /runs/UID/export/FORMAT``        it as a file (see `beamtwin.databroker.interchange.formats`)
``GET /assets/PATH``                   a file of the data folder's ``assets``
=====================================  ===========================================================
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rich.console import Console

from beamtwin.app.catalogue import find, open_catalogue, summary
from beamtwin.app.options import UsageError, data_path
from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, QueryError, RunNotFoundError
from beamtwin.databroker.interchange.documentfiles import document_lines
from beamtwin.databroker.interchange.formats import FORMATS, export_runs
from beamtwin.databroker.interchange.options import Options
from beamtwin.databroker.opening import ASSETS, asset_folder
from beamtwin.databroker.run import Run
from beamtwin.databroker.search import FullText
from beamtwin.databroker.stores import jsontext

__all__ = ["CatalogueServer", "serve"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MOST_RUNS = 1000
_NOT_FOUND, _BAD, _REFUSED = HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN


class Refusal(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, reason: str):
        super().__init__(reason)
        self.status = status


class CatalogueServer(ThreadingHTTPServer):
    """Answers requests about a catalogue, each in a thread.

    Parameters
    ----------
    broker : Broker
    assets : Path
        The only folder of which files are given out.
    address : (str, int)
        Where to listen; port 0 takes a free one.
    """

    daemon_threads = True

    def __init__(self, broker: Broker, assets: Path, address: tuple[str, int]):
        super().__init__(address, _Handler)
        self.broker = broker
        self.assets = assets.resolve()
        self.local = address[0] in _LOOPBACK


def serve(given: str | None, host: str, port: int) -> None:
    """Serve a catalogue until Ctrl-C."""
    console = Console()
    with open_catalogue(given) as catalogue, _listening(catalogue.broker, host, port) as server:
        try:
            _announce(console, catalogue.name, server, host)
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended by Ctrl-C")


def _announce(console: Console, name: str, server: CatalogueServer, host: str) -> None:
    if not server.local:
        console.print(
            f"beamtwin: warning: whoever reaches {host} can read every run in {name}",
            style="yellow",
            soft_wrap=True,
        )
    where = f"http://{host}:{server.server_address[1]}/runs"
    console.print(f"{name} at {where}, until Ctrl-C", soft_wrap=True)


@contextmanager
def _listening(broker: Broker, host: str, port: int) -> Iterator[CatalogueServer]:
    assets = asset_folder(broker.store) or data_path(None) / ASSETS
    try:
        server = CatalogueServer(broker, assets, (host, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}; choose another --port, or 0 for any"
        ) from error
    with server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    """One request. Nothing here writes to the catalogue."""

    server: CatalogueServer  # pyright: ignore[reportIncompatibleVariableOverride]
    server_version, sys_version = "beamtwin", ""
    timeout = 60

    def do_GET(self) -> None:  # the name that http.server looks for
        """Answer, or say why not."""
        try:
            self._refuse_other_hosts()
            url = urlsplit(self.path)
            path, query = unquote(url.path), parse_qs(url.query)
            for pattern, answer in _ROUTES.items():
                match = re.fullmatch(pattern, path)
                if match:
                    answer(self, query, *match.groups())
                    return
            raise Refusal(_NOT_FOUND, f"nothing is at {path}; see /runs")
        except Refusal as error:
            self._give_error(error.status, str(error))
        except RunNotFoundError as error:
            self._give_error(_NOT_FOUND, str(error))
        except (QueryError, DataBrokerError) as error:
            self._give_error(_BAD, str(error))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _refuse(self) -> None:
        self._give_error(HTTPStatus.METHOD_NOT_ALLOWED, "this server is only read: GET")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _refuse

    def _refuse_other_hosts(self) -> None:
        """A page in a browser may have its own name lead to loopback; its requests say that name."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if self.server.local and host not in _LOOPBACK:
            raise Refusal(_REFUSED, f"this server is for {', '.join(_LOOPBACK)}, not for {host}")

    # --- answers ------------------------------------------------------------

    def give_runs(self, asked: dict[str, list[str]]) -> None:
        """Runs, newest first."""
        given = {name: values[-1] for name, values in asked.items()}
        try:
            query = json.loads(given.get("query", "{}"))
            limit = min(int(given.get("limit", "100")), _MOST_RUNS)
        except (ValueError, RecursionError) as error:
            raise Refusal(_BAD, f"query is JSON, limit a number: {error}") from error
        if not isinstance(query, dict):
            raise Refusal(_BAD, "query is a JSON object")
        if "$regex" in _keys(query):
            raise Refusal(_BAD, "$regex: may take for ever, so no stranger's is asked; use text=")
        found = self.server.broker.search(query)
        if "text" in given:
            found = found.search(FullText(given["text"]))
        self._give_json([summary(run) for run in islice(found, max(limit, 0))])

    def give_run(self, _: dict[str, list[str]], key: str) -> None:
        """A run's metadata."""
        run = self._run(key)
        about = {**summary(run), "start": run.start, "stop": run.stop}
        self._give_json(about | {"annotations": run.annotations})

    def give_documents(self, _: dict[str, list[str]], key: str) -> None:
        """A run's documents, as they come out of the store."""
        lines = document_lines(self._run(key).documents())
        self._head(HTTPStatus.OK, "application/jsonl")
        for line in lines:
            self.wfile.write(line)

    def give_export(self, _: dict[str, list[str]], key: str, form: str) -> None:
        """A run as a file."""
        run = self._run(key)
        if form not in FORMATS or not FORMATS[form].extensions[0]:
            raise Refusal(_NOT_FOUND, f"{form!r} is no format of one file; known: {_one_file()}")
        with TemporaryDirectory(prefix="beamtwin-") as folder:
            # What it refers to is had from /assets, a file at a time.
            (path,) = export_runs([run], Path(folder), form, Options(with_assets=False))
            self._give_file(path)

    def give_asset(self, _: dict[str, list[str]], relative: str) -> None:
        """A file of the assets folder, wherever its links lead: only if that is within the folder."""
        if "\0" in relative:
            raise Refusal(_NOT_FOUND, "no such file")
        path = (self.server.assets / relative).resolve()
        if not path.is_relative_to(self.server.assets) or not path.is_file():
            raise Refusal(_NOT_FOUND, f"no file {relative} in the assets folder")
        self._give_file(path)

    # --- how they are given -------------------------------------------------

    def _run(self, key: str) -> Run:
        return find(self.server.broker, key)

    def _give_json(self, value: Any) -> None:
        body = jsontext.dumps(value).encode()
        self._head(HTTPStatus.OK, "application/json", {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _give_file(self, path: Path) -> None:
        name = re.sub(r"[^\w.-]", "_", path.name, flags=re.ASCII)
        with path.open("rb") as file:
            self._head(
                HTTPStatus.OK,
                "application/octet-stream",
                {
                    "Content-Length": str(path.stat().st_size),
                    "Content-Disposition": f'attachment; filename="{name}"',
                },
            )
            shutil.copyfileobj(file, self.wfile)

    def _give_error(self, status: HTTPStatus, reason: str) -> None:
        body = json.dumps({"error": reason}).encode()
        self._head(status, "application/json", {"Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff", **(more or {})}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing: a terminal is not a log."""


def _keys(value: Any) -> Iterator[str]:
    """Every key in what JSON gave, however deep."""
    if isinstance(value, dict):
        yield from value
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _keys(item)


def _one_file() -> str:
    return ", ".join(name for name, form in FORMATS.items() if form.extensions[0])


_ROUTES: dict[str, Callable[..., None]] = {
    r"/(?:runs/?)?": _Handler.give_runs,
    r"/runs/([^/]+)": _Handler.give_run,
    r"/runs/([^/]+)/documents": _Handler.give_documents,
    r"/runs/([^/]+)/export/([a-z]+)": _Handler.give_export,
    r"/assets/(.+)": _Handler.give_asset,
}
