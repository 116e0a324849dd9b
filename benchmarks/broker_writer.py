"""Writes events at a given rate, or as fast as it can: ``python broker_writer.py STORE LOG``.

The log says at which times how many events had been written.
"""

import json
import sys
import time
from pathlib import Path

from broker_documents import run
from broker_limits import RATE_PER_S

from beamtwin.databroker import Broker

SECONDS, NOTED = 2, 100


def main(store: str, log: str) -> None:
    start, descriptor, *events, stop = run(SECONDS * RATE_PER_S)
    with Broker.open(store) as db:
        db.insert(*start)
        db.insert(*descriptor)
        began = time.time()
        noted = [(began, 0)]
        for number, (name, doc) in enumerate(events, 1):
            db.insert(name, doc)
            if number % NOTED == 0:
                noted.append((time.time(), number))
                time.sleep(max(0.0, began + number / RATE_PER_S - time.time()))
        db.insert(*stop)
        time.sleep(0.1)  # so that the reader looks once more
    Path(log).write_text(json.dumps(noted))


if __name__ == "__main__":
    main(*sys.argv[1:])
