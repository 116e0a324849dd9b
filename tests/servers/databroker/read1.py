"""What databroker 1.2 finds: ``python read1.py FILE PLAN_NAME BEFORE`` prints it, of a database in a file."""

import sys

import mongomock
from databroker._drivers.mongo_normalized import BlueskyMongoCatalog
from databroker.queries import TimeRange
from peer import Reader, load

READER = Reader(
    documents=lambda run: run.canonical(fill="no"),
    data=lambda stream: stream,
    config=lambda stream: stream.config,
)


def main(file: str, plan_name: str, before: str) -> None:
    """Print it."""
    database = load(file, mongomock.MongoClient()["facility"])
    searches = {"plan": {"plan_name": plan_name}, "time": TimeRange(until=float(before))}
    print(READER.survey(BlueskyMongoCatalog(database, database), searches))


if __name__ == "__main__":
    main(*sys.argv[1:])
