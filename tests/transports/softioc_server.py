"""A real EPICS IOC with the PVs of the contract; ends when its standard input does."""

import asyncio
import sys
from typing import Any

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
    alarms = {"HIHI": 90, "HHSV": "MAJOR", "HIGH": 80, "HSV": "MINOR"}
    builder.aOut("warm", EGU="C", PREC=1, initial_value=20.0, **alarms)
    builder.longOut("n", EGU="counts", initial_value=7)
    builder.mbbOut("mode", "off", "on", "auto", initial_value=0)
    builder.stringOut("name", initial_value="a name")
    builder.WaveformOut("wave", initial_value=np.array([1.0, 2.5, -3.0]), length=1000)
    builder.WaveformOut("bytes", initial_value=np.array([1, 2, 255], "u1"), length=300)
    for prefix in ("", "b:"):
        axis(builder, prefix)
    counter(builder)
    builder.LoadDatabase()
    softioc.iocInit(dispatcher, enable_pva=False)
    print("ready", flush=True)
    sys.stdin.read()


def axis(builder: Any, prefix: str) -> None:
    """Something that takes 2 ms to get anywhere: what is written, where it is, and whether it is done."""
    readback = builder.aIn(f"{prefix}rbv", initial_value=0.0, EGU="mm", PREC=3)
    done = builder.longIn(f"{prefix}dmov", initial_value=1)

    async def move(target: float) -> None:
        done.set(0)
        await asyncio.sleep(0.002)
        # The record takes what was set last when it is processed: on a busy machine that may be later.
        while done.get_field("VAL") != "0":
            await asyncio.sleep(0.0005)
        readback.set(target)
        done.set(1)

    slow = {"on_update": move, "blocking": True, "always_update": True}
    builder.aOut(f"{prefix}move", EGU="mm", PREC=3, DRVL=-1000, DRVH=1000, **slow)


def counter(builder: Any) -> None:
    """Counts 1,000 a second of its preset time, in 2 ms."""
    preset = builder.aOut("preset", initial_value=1.0, EGU="s", PREC=3)
    counts = builder.aIn("counts", initial_value=0.0)

    async def count(state: int) -> None:
        if state:
            await asyncio.sleep(0.002)
            counts.set(1000.0 * preset.get())
            start.set(0, process=False)

    slow = {"on_update": count, "blocking": True, "always_update": True}
    start = builder.boolOut("count", "Done", "Count", initial_value=0, **slow)


if __name__ == "__main__":
    main()
