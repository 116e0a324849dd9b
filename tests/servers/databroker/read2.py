"""What databroker 2.0 finds: ``python read2.py FILE PLAN_NAME BEFORE`` prints it, of a database in a file.

It is asked as its users do: by tiled's client, of a server in this process.
"""

import sys

from databroker.mongo_normalized import MongoAdapter
from databroker.queries import Key, TimeRange
from peer import Reader, load
from tiled.client import Context, from_context
from tiled.server.app import build_app

READER = Reader(
    documents=lambda run: run.documents(fill=False),
    data=lambda stream: stream["data"],
    config=lambda stream: stream["config"],
)


def main(file: str, plan_name: str, before: str) -> None:
    """Print it."""
    adapter = MongoAdapter.from_mongomock()
    load(file, adapter.database)
    searches = {"plan": Key("plan_name") == plan_name, "time": TimeRange(until=float(before))}
    with Context.from_app(build_app(adapter)) as context:
        print(READER.survey(from_context(context), searches))


if __name__ == "__main__":
    main(*sys.argv[1:])
