"""Our own device over Channel Access, under bluesky's RunEngine: prints what it finds as JSON."""

import json
import os
import sys
from typing import Any


def connected(prefix: str, folder: str) -> Any:
    from beamtwin.hardware.areadetector import SimDetector
    from beamtwin.hardware.ca import CATransport

    transport = CATransport(addresses=["127.0.0.1"], port=int(os.environ["EPICS_CA_SERVER_PORT"]))
    det = SimDetector(prefix, "det", transport, directory=folder)
    det.connect(30.0)
    det.count_time.set(0.02).wait()
    return det


def fly(det: Any) -> Any:
    import bluesky.plan_stubs as bps

    from beamtwin.hardware.areadetector import FrameSequence

    yield from bps.stage(det, wait=True)
    yield from bps.open_run()
    yield from bps.prepare(det, FrameSequence(20, exposure_s=0.02, period_s=0.02), wait=True)
    yield from bps.declare_stream(det, name="primary")
    yield from bps.kickoff(det, wait=True)
    yield from bps.collect_while_completing([det], [det], flush_period=0.1)
    yield from bps.unstage(det, wait=True)
    yield from bps.close_run()


def told(engine: Any, plan: Any) -> dict[str, Any]:
    from event_model import DocumentNames, schema_validators

    documents: list[Any] = []
    engine(plan, lambda *pair: documents.append(pair))
    for name, document in documents:
        schema_validators[DocumentNames[name]].validate(document)
    ranges = [document["indices"] for name, document in documents if name == "stream_datum"]
    return {
        "names": [name for name, _ in documents],
        "totals": [d["data"]["det_stats1_total"] for name, d in documents if name == "event"],
        "ranges": len(ranges),
        "announced": ranges[-1]["stop"],
        "exit": documents[-1][1]["exit_status"],
    }


def main(client: str, folder: str) -> dict[str, Any]:
    import bluesky.plans as bp
    from bluesky import RunEngine

    engine = RunEngine({}, context_managers=[])
    det = connected(f"T:{client}:", folder)
    det.warm_up().wait()
    found = {"count": told(engine, bp.count([det], num=3)), "fly": told(engine, fly(det))}
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    det.transport.close()
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
