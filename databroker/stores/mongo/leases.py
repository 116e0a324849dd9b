"""Leases: how a reader tells a run that is being written from one whose writer died, on whichever machine.

Every writer has a document which it stamps every few seconds, with the server's time. One whose stamp is older
than `LAPSE_S` counts as dead; should it have been cut off only, and come back, its runs count as running again.
"""

import os
import socket
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

from pymongo.errors import PyMongoError

from beamtwin.databroker.stores.mongo.connection import MongoDatabase

__all__ = ["BEAT_S", "LAPSE_S", "Leases", "server_time"]

BEAT_S = 5.0
LAPSE_S = 20.0


def server_time(database: MongoDatabase) -> datetime:
    """What the server's clock says: clocks of different machines are not to be compared."""
    return database.client.admin.command("hello")["localTime"]


class Leases:
    """The writers of one store.

    Parameters
    ----------
    database : pymongo.database.Database
    collection : str
        Where their documents are.
    """

    def __init__(self, database: MongoDatabase, collection: str):
        self._database = database
        self._writers = database[collection]
        self._held: str | None = None
        self._ended = Event()

    def hold(self) -> str:
        """The name to sign runs with, stamped until `release`."""
        if self._held is None:
            name = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:12]}"
            self._stamp(name)
            self._held = name
            self._ended = Event()
            Thread(
                target=self._beat, args=(name, self._ended), name="MongoDB lease", daemon=True
            ).start()
        return self._held

    def living(self) -> set[str]:
        """The names of the writers that are there."""
        since = self._lapsed()
        return {writer["_id"] for writer in self._writers.find() if writer["seen"] >= since}

    def bury(self) -> None:
        """Remove the documents of those that are not."""
        self._writers.delete_many({"seen": {"$lt": self._lapsed()}})

    def _lapsed(self) -> datetime:
        """Whoever was seen last before that counts as dead."""
        return server_time(self._database) - timedelta(seconds=LAPSE_S)

    def release(self) -> None:
        """End this writer's lease at once, if the server can be told; otherwise it lapses."""
        self._ended.set()
        held, self._held = self._held, None
        if held is not None:
            try:
                self._writers.delete_one({"_id": held})
            except PyMongoError:
                return

    def _beat(self, name: str, ended: Event) -> None:
        while not ended.wait(BEAT_S):
            try:
                self._stamp(name)
            except PyMongoError:  # away for now: the next beat may reach it
                continue

    def _stamp(self, name: str) -> None:
        self._writers.update_one({"_id": name}, {"$currentDate": {"seen": True}}, upsert=True)
