"""A real EPICS IOC with the PVs of the contract; ends when its standard input does."""

import asyncio
import sys

import numpy as np


def main() -> None:
    from softioc import (
        asyncio_dispatcher,
        builder,
        softioc,
    )  # starts EPICS: not for who collects tests

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    builder.SetDeviceName("T")
    limits = {"DRVL": -10, "DRVH": 10, "LOPR": -10, "HOPR": 10}
    builder.aOut("x", EGU="mm", PREC=3, initial_value=1.5, **limits)
    builder.longOut("n", EGU="counts", initial_value=7)
    builder.mbbOut("mode", "off", "on", "auto", initial_value=0)
    builder.stringOut("name", initial_value="a name")
    builder.WaveformOut("wave", initial_value=np.array([1.0, 2.5, -3.0]), length=1000)
    builder.WaveformOut("bytes", initial_value=np.array([1, 2, 255], "u1"), length=300)
    readback = builder.aIn("rbv", initial_value=0.0)
    done = builder.longIn("dmov", initial_value=1)

    async def move(target: float) -> None:
        done.set(0)
        await asyncio.sleep(0.002)
        readback.set(target)
        done.set(1)

    builder.aOut("move", on_update=move, blocking=True, always_update=True)
    builder.LoadDatabase()
    softioc.iocInit(dispatcher, enable_pva=False)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
