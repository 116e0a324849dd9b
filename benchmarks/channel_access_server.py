"""An IOC of EPICS base for the Channel Access benchmark: PVs to read and write, some that tick, and two images.

Ends when its standard input does.
"""

import sys
import tempfile
import threading
import time
from typing import Any

import numpy as np

#: How many PVs are connected, read and written; and how many tick ten times a second.
PVS, TICKERS = 500, 1000

#: Images: how many bytes, and how many are offered a second.
IMAGES = {"small": (1_000_000, 800), "large": (8_000_000, 100)}

RECORDS = 'record(ao, "B:ao{0}") {{ field(VAL, "{0}") field(PREC, "3") field(EGU, "mm") }}\n'
TICKING = (
    'record(calc, "B:tick{0}") {{ field(SCAN, ".1 second") field(INPA, "B:tick{0}") '
    'field(CALC, "A+1") }}\n'
)


def database() -> str:
    """All but the images, as EPICS base reads it."""
    return "".join(
        template.format(number)
        for template, count in ((RECORDS, PVS), (TICKING, TICKERS))
        for number in range(count)
    )


def send(image: Any, switch: Any, size: int, rate: float) -> None:
    """Post new images at a rate while they are switched on."""
    number, due = 0, time.perf_counter()
    pixels = np.zeros(size, "u1")
    while True:
        if not switch.get():
            time.sleep(0.02)
            due = time.perf_counter()
            continue
        number += 1
        pixels[:8] = np.frombuffer(number.to_bytes(8, "little"), "u1")
        image.set(pixels.copy())
        due += 1 / rate
        time.sleep(max(0.0, due - time.perf_counter()))


def main() -> None:
    """Serve until standard input ends."""
    from softioc import asyncio_dispatcher, builder, softioc

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    builder.SetDeviceName("B")
    for name, (size, rate) in IMAGES.items():
        image = builder.WaveformIn(name, initial_value=np.zeros(size, "u1"))
        switch = builder.boolOut(f"{name}:on", initial_value=False)
        threading.Thread(target=send, args=(image, switch, size, rate), daemon=True).start()
    builder.LoadDatabase()
    with tempfile.NamedTemporaryFile("w", suffix=".db") as file:
        file.write(database())
        file.flush()
        softioc.dbLoadDatabase(file.name)
    softioc.iocInit(dispatcher, enable_pva=False)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
