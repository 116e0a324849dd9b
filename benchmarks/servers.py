"""The same PVs behind three servers: ``python servers.py twin|softioc|caproto PORT``.

A server ends when its standard input does. ``B:0`` to ``B:499`` count ten times a second;
``B:image``, a million bytes, changes twenty times a second.
"""

import asyncio
import os
import sys

import numpy as np

COUNTERS, COUNTS_PER_S = 500, 10
PIXELS, FRAMES_PER_S = 1_000_000, 20
NAMES = [f"B:{index}" for index in range(COUNTERS)]
IMAGE = "B:image"


def frame(number: int) -> np.ndarray:
    """An image that differs from the one before."""
    return np.full(PIXELS, number % 256, "u1")


def twin(port: int) -> None:
    """The twin's IOC."""
    from beamtwin.twin.clock import PacedClock
    from beamtwin.twin.database import Database
    from beamtwin.twin.ioc import serve
    from beamtwin.twin.records import AoRecord, WaveformRecord

    database = Database(PacedClock())
    env = database.clock.env
    counters = [database.add(AoRecord(database.clock, name)) for name in NAMES]
    image = database.add(WaveformRecord(database.clock, IMAGE, dtype="|u1", count=PIXELS))

    def count():
        number = 0
        while True:
            yield env.timeout(1 / COUNTS_PER_S)
            number += 1
            for counter in counters:
                counter.post("VAL", float(number))

    def expose():
        number = 0
        while True:
            yield env.timeout(1 / FRAMES_PER_S)
            number += 1
            image.post("VAL", frame(number))

    env.process(count())
    env.process(expose())

    async def main() -> None:
        server = asyncio.ensure_future(serve(database, port=port, on_ready=ready))
        await asyncio.to_thread(sys.stdin.read)
        server.cancel()

    asyncio.run(main())


def softioc(port: int) -> None:
    """EPICS base."""
    from softioc import asyncio_dispatcher, builder
    from softioc import softioc as ioc

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    builder.SetDeviceName("B")
    for index in range(COUNTERS):
        builder.records.calc(str(index), SCAN=".1 second", CALC="VAL+1")
    builder.records.ao("unused")
    image = builder.WaveformIn("image", initial_value=frame(0), length=PIXELS)
    builder.LoadDatabase()
    ioc.iocInit(dispatcher, enable_pva=False)

    async def expose() -> None:
        number = 0
        while True:
            await asyncio.sleep(1 / FRAMES_PER_S)
            number += 1
            image.set(frame(number))

    dispatcher(expose)
    ready(port)
    sys.stdin.read()


def caproto(port: int) -> None:
    """caproto's own server, as it comes."""
    import caproto as ca
    from caproto.asyncio.server import Context

    counters = {name: ca.ChannelDouble(value=0.0) for name in NAMES}
    image = ca.ChannelByte(value=frame(0), max_length=PIXELS)

    async def count() -> None:
        number = 0
        while True:
            await asyncio.sleep(1 / COUNTS_PER_S)
            number += 1
            for counter in counters.values():
                await counter.write(float(number))

    async def expose() -> None:
        number = 0
        while True:
            await asyncio.sleep(1 / FRAMES_PER_S)
            number += 1
            await image.write(frame(number))

    async def main() -> None:
        context = Context({**counters, IMAGE: image}, interfaces=["127.0.0.1"])
        tasks = [asyncio.ensure_future(each) for each in (context.run(), count(), expose())]
        await asyncio.sleep(1.0)
        ready(port)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        os._exit(0)

    asyncio.run(main())


def ready(port: int) -> None:
    """Say that clients can come."""
    print("ready", flush=True)


if __name__ == "__main__":
    {"twin": twin, "softioc": softioc, "caproto": caproto}[sys.argv[1]](int(sys.argv[2]))
