"""What databroker 1.2 writes, by suitcase-mongo: ``python write1.py FILE`` prints the database.

The file holds the documents, as extended JSON.
"""

import sys
from pathlib import Path

import mongomock
from bson import json_util
from databroker._drivers.mongo_normalized import BlueskyMongoCatalog
from peer import dump


def main(file: str) -> None:
    """Print it."""
    database = mongomock.MongoClient()["facility"]
    broker = BlueskyMongoCatalog(database, database).v1
    for name, doc in json_util.loads(Path(file).read_text()):
        broker.insert(name, doc)
    print(dump(database))


if __name__ == "__main__":
    main(*sys.argv[1:])
