"""What one client (libca, through aioca) gets out of a server: ``python server_client.py gets|monitors|image``.

Prints how many values, or bytes, came in the seconds that it took.
"""

import asyncio
import json
import sys
import time

from servers import IMAGE, NAMES

PERIOD_S = 4.0


async def gets() -> int:
    """Values asked for one after the other."""
    import aioca

    await aioca.caget(NAMES)
    count, end = 0, time.monotonic() + PERIOD_S
    while time.monotonic() < end:
        for name in NAMES[:100]:
            await aioca.caget(name)
        count += 100
    return count


async def monitors() -> int:
    """Values that came by themselves."""
    return await _monitored(NAMES, lambda value: 1)


async def image() -> int:
    """Bytes of images that did."""
    return await _monitored([IMAGE], lambda value: value.nbytes)


async def _monitored(names, size) -> int:
    import aioca

    total = 0

    def take(value) -> None:
        nonlocal total
        total += size(value)

    handles = [aioca.camonitor(name, take, all_updates=True) for name in names]
    await aioca.caget(names[:1])
    await asyncio.sleep(1.0)
    total = 0
    await asyncio.sleep(PERIOD_S)
    for handle in handles:
        handle.close()
    return total


if __name__ == "__main__":
    print(
        json.dumps(asyncio.run({"gets": gets, "monitors": monitors, "image": image}[sys.argv[1]]()))
    )
