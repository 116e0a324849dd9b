"""The way to a MongoDB server, and what is said when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidName,
    InvalidOperation,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from beamtwin.databroker.errors import StoreError
from beamtwin.databroker.stores.redaction import redact

__all__ = ["DATABASE", "MongoDatabase", "connect", "explain", "explained", "writing"]

MongoDatabase = Database[dict[str, Any]]

#: The database, where neither the connection string nor anybody else names one.
DATABASE = "beamtwin"
#: How long a server may take to answer, unless the connection string says.
ANSWER_S = 5


def connect(uri: str, database: str | None = None) -> tuple[MongoDatabase, str]:
    """Open a database; its server has answered.

    Returns
    -------
    database : pymongo.database.Database
    where : str
        It and its server, for people.

    Raises
    ------
    StoreError
        Naming the server, without the password.
    """
    shown = redact(uri)
    with explained(shown):
        client = _client(uri)
        try:
            found = _database(client, database, shown)
            found.command("ping")
        except BaseException:
            client.close()
            raise
    place = shown.split("?")[0].rstrip("/")
    return found, place if place.endswith(f"/{found.name}") else f"{place}/{found.name}"


def _client(uri: str) -> MongoClient[dict[str, Any]]:
    options: dict[str, Any] = {}
    if "serverselectiontimeoutms" not in uri.lower():
        options["serverSelectionTimeoutMS"] = ANSWER_S * 1000
    try:
        return MongoClient(uri, appname="beamtwin", **options)
    except ValueError as error:  # of the driver's own parser
        raise InvalidURI(str(error)) from None


def _database(client: MongoClient[dict[str, Any]], name: str | None, shown: str) -> MongoDatabase:
    concern = client.write_concern
    if not concern.acknowledged:
        raise StoreError(
            f"{shown}: w=0 lets an insert return before anything is stored: leave it out"
        )
    if "w" not in concern.document:
        concern = WriteConcern(w="majority", **concern.document)
    found = client.get_database(name) if name else client.get_default_database(DATABASE)
    return found.with_options(write_concern=concern)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn pymongo's errors into a `StoreError` that names the server and the way out."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise explain(where, error) from error


@contextmanager
def writing(where: str, *, readonly: bool) -> Iterator[None]:
    """`explained`, of what writes; refused where that is not allowed."""
    if readonly:
        raise StoreError(f"{where}: is open for reading only; nothing was stored")
    with explained(where):
        yield


def explain(where: str, error: PyMongoError | BSONError) -> StoreError:
    """What to tell a person of an error of the driver's or of the server's."""
    return StoreError(f"{where}: {_explanation(error)} ({redact(_summary(error))})")


def _summary(error: PyMongoError | BSONError) -> str:
    """The driver's words, without its account of every server."""
    return str(error).split(", Timeout: ")[0].split(", full error: ")[0]


def _explanation(error: PyMongoError | BSONError) -> str:
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _BY_CODE:
        return _BY_CODE[code]
    return next((text for kind, text in _BY_KIND.items() if isinstance(error, kind)), "failed")


_NO_RIGHT = "this user may not do that: grant the role readWrite, or open it with readonly=True"
_NO_LOGIN = "the server does not know this user with this password: correct the connection string"
_FULL = "the server's disk is full; nothing of the last document was stored: free some space"
_SLOW = (
    "not acknowledged in time by the majority of the replica set; it may be stored: insert it again, "
    "which is safe"
)
#: By the server's number of the error.
_BY_CODE: dict[int | None, str] = {
    13: _NO_RIGHT,
    18: _NO_LOGIN,
    8000: _NO_LOGIN,
    64: _SLOW,
    14031: _FULL,
}
#: By the driver's kind of error, the special before the general.
_BY_KIND: dict[type[PyMongoError | BSONError], str] = {
    WTimeoutError: _SLOW,
    ExecutionTimeout: _SLOW,
    ServerSelectionTimeoutError: (
        "no server answers there in the time given (serverSelectionTimeoutMS, otherwise "
        f"{ANSWER_S} s): check the address, and that the server runs"
    ),
    ConnectionFailure: (
        "the server was lost; what was on its way may be stored or not: insert it again, which is safe"
    ),
    DocumentTooLarge: "the document is larger than the server takes",
    InvalidOperation: "is closed: open it again, with Broker.open",
    InvalidURI: "is no connection string: give one such as mongodb://user:password@host:27017/beamtwin",
    ConfigurationError: "the connection string asks for what the driver or the server does not know",
    InvalidName: "is no name of a database",
}
