"""The SQLite file: its tables, how it is opened, and what is said when that fails."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores import jsontext
from beamtwin.databroker.stores.indexing import index

__all__ = ["SCHEMA_VERSION", "atomic", "connect", "explain", "explained", "is_full"]

SCHEMA_VERSION = 2
#: Marks a SQLite file as ours: "beam" in ASCII.
APPLICATION_ID = 0x6265616D
#: How a store may be told to write: NORMAL leaves it to the system when the disk is reached, FULL waits for that.
_DURABILITIES = ("NORMAL", "FULL")
#: How long a writer waits for another one's transaction.
BUSY_TIMEOUT_S = 30.0
#: How often a file is made to have a log, while others make it, too.
_ATTEMPTS = 100

_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,         -- in the order of filing
    uid TEXT NOT NULL UNIQUE,
    time REAL NOT NULL,
    scan_id INTEGER,
    plan_name TEXT,
    writer TEXT,                    -- who signed; NULL once its death has been noted
    hidden INTEGER NOT NULL DEFAULT 0,
    annotations TEXT NOT NULL DEFAULT '{}',
    start TEXT NOT NULL,
    stop TEXT
);
CREATE INDEX runs_time ON runs (time);
CREATE INDEX runs_scan_id ON runs (scan_id);
CREATE INDEX runs_plan_name ON runs (plan_name);
CREATE INDEX runs_open ON runs (id) WHERE stop IS NULL;

CREATE TABLE documents (            -- but starts, stops, events and event pages
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs,
    place INTEGER NOT NULL,         -- in the order of emission within the run
    name TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX documents_run ON documents (run, name, place);

CREATE TABLE streams (              -- one for every descriptor
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    descriptor TEXT NOT NULL
);
CREATE INDEX streams_run ON streams (run);

CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams,
    place INTEGER NOT NULL,         -- of the first event
    events INTEGER NOT NULL,
    whole INTEGER NOT NULL,         -- 1 where it was emitted as an event_page, 0 where as events
    body BLOB NOT NULL
);
CREATE INDEX pages_stream ON pages (stream, place);

CREATE TABLE pending (              -- events that await their page
    id INTEGER PRIMARY KEY,         -- stream * 2^32 + place, so that a stream's events lie together
    body NOT NULL,                  -- JSON; or, with a signature, bytes
    signature INTEGER REFERENCES signatures
);
"""

#: What came with layout 2: documents in ``runs`` are JSON that SQLite reads, too; they can be searched and annotated;
#: pending events may be bytes.
_TABLES_OF_2 = """
CREATE TABLE signatures (           -- what events that are stored as bytes have in common
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
);

CREATE INDEX runs_hidden ON runs (id) WHERE hidden = 1;

CREATE VIRTUAL TABLE texts USING fts5(body, tokenize = "ascii tokenchars '_'");

CREATE TABLE hot (                  -- the values of the keys that everybody asks for
    key TEXT NOT NULL,
    value NOT NULL,
    run INTEGER NOT NULL REFERENCES runs,
    part INTEGER NOT NULL,          -- 0 start, 1 stop, 2 annotations
    PRIMARY KEY (key, value, run)
) WITHOUT ROWID;
CREATE INDEX hot_run ON hot (run, part);
"""


def connect(path: str, *, readonly: bool, synchronous: str) -> sqlite3.Connection:
    """Open a store's file; make it if it is not there.

    Raises
    ------
    StoreError
        Naming the file, what is wrong with it, and the way out.
    """
    _check_place(path, readonly)
    if synchronous not in _DURABILITIES:
        known = ", ".join(_DURABILITIES)
        raise StoreError(f"{path}: synchronous={synchronous!r} is not known; known: {known}")
    with explained(path):
        mode = "ro" if readonly else "rwc"
        where = path if path == ":memory:" else f"{Path(path).absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            where,
            uri=path != ":memory:",
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
    try:
        with explained(path):
            _prepare(connection, path, readonly, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def atomic(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the statements within, or none of them; inside another such block, part of it."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn SQLite's errors into a `StoreError` that names the file and the way out."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explain(path, error) from error


def explain(path: str, error: sqlite3.Error | OSError) -> StoreError:
    """What to tell a person of an error of SQLite's, or of the file system's."""
    return StoreError(f"{path}: {_explanation(error)} ({error})")


def _explanation(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return "is closed: open it again, with Broker.open"
    code = "SQLITE_CANTOPEN" if isinstance(error, OSError) else _code(error)
    return next((text for name, text in _EXPLANATIONS.items() if code.startswith(name)), "failed")


def is_full(error: Exception) -> bool:
    """Whether there is no room left on the disk."""
    return isinstance(error, sqlite3.Error) and _code(error) == "SQLITE_FULL"


def _code(error: sqlite3.Error) -> str:
    """SQLite's name for it; errors of Python's own module have none."""
    return getattr(error, "sqlite_errorname", "")


_EXPLANATIONS = {
    "SQLITE_FULL": "the disk is full; nothing of the last document was stored: free some space",
    "SQLITE_READONLY": "is read-only; nothing was stored: allow writing, or choose another store",
    "SQLITE_IOERR": "the disk failed; nothing of the last document was stored: check the disk",
    "SQLITE_CANTOPEN": "cannot be opened or made: check that its folder exists and may be written",
    "SQLITE_NOTADB": "is no store of beamtwin's: move it away, or choose another store",
    "SQLITE_CORRUPT": (
        "is damaged: restore a copy, or save what can be read with `sqlite3 FILE .recover`"
    ),
    "SQLITE_BUSY": f"another process has been writing for {BUSY_TIMEOUT_S:g} s: wait, then try again",
    "SQLITE_TOOBIG": "the document is larger than 1 GB: keep such data in a file of its own",
}


def _check_place(path: str, readonly: bool) -> None:
    if path == ":memory:":
        return
    file = Path(path)
    if file.is_dir():
        raise StoreError(f"{path}: is a folder: give the path of a file in it")
    if readonly and not file.exists():
        raise StoreError(f"{path}: is not there: check the path, or take a run first")
    if not file.parent.is_dir():
        raise StoreError(f"{path}: the folder {file.parent} is not there: make it first")


def _prepare(connection: sqlite3.Connection, path: str, readonly: bool, synchronous: str) -> None:
    if not readonly:
        with atomic(connection):
            if _is_empty(connection):
                _make(connection)
            elif _layout(connection) == (APPLICATION_ID, 1):
                _migrate(connection, path)
    _check_version(connection, path)
    if not readonly:
        _use_log(connection)
        connection.execute(f"PRAGMA synchronous = {synchronous}")


def _use_log(connection: sqlite3.Connection) -> None:
    """Write ahead to a log; SQLite itself does not wait here for others who are opening the file."""
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) != "SQLITE_BUSY" or attempt == _ATTEMPTS - 1:
                raise
        with atomic(connection):  # which waits
            pass


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _make(connection: sqlite3.Connection) -> None:
    for statement in (_TABLES + _TABLES_OF_2).split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    """Layout 1 becomes layout 2."""
    connection.execute("ALTER TABLE runs ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE runs ADD COLUMN annotations TEXT NOT NULL DEFAULT '{}'")
    connection.execute("ALTER TABLE pending ADD COLUMN signature INTEGER REFERENCES signatures")
    for statement in _TABLES_OF_2.split(";\n"):
        connection.execute(statement)
    runs = [run for (run,) in connection.execute("SELECT id FROM runs").fetchall()]
    for run in runs:
        for part in ("start", "stop"):
            try:
                _index_again(connection, run, part)
            except ValueError as error:
                explanation = _EXPLANATIONS["SQLITE_CORRUPT"]
                raise StoreError(f"{path}: {explanation} ({part} of run {run}: {error})") from error
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _index_again(connection: sqlite3.Connection, run: int, part: str) -> None:
    row = connection.execute(f"SELECT {part} FROM runs WHERE id = ?", (run,)).fetchone()
    if row[0] is not None:
        document = jsontext.loads(row[0])
        connection.execute(
            f"UPDATE runs SET {part} = ? WHERE id = ?", (jsontext.dumps(document), run)
        )
        index(connection, run, part, document)


def _layout(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and which layout of theirs."""
    names = ("application_id", "user_version")
    owner, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return owner, version


def _check_version(connection: sqlite3.Connection, path: str) -> None:
    owner, version = _layout(connection)
    if owner != APPLICATION_ID:
        raise StoreError(
            f"{path}: {_EXPLANATIONS['SQLITE_NOTADB']} (another program's SQLite file)"
        )
    if version != SCHEMA_VERSION:
        way_out = (
            "open it once for writing, which brings it up to date"
            if version < SCHEMA_VERSION
            else "use the beamtwin that wrote it, or a newer one"
        )
        raise StoreError(
            f"{path}: has layout {version}, and this beamtwin reads layout {SCHEMA_VERSION}: {way_out}"
        )
