"""The same work by four clients of Channel Access, each in a process of its own: prints its figures as JSON.

``python channel_access_clients.py beamtwin|caproto|aioca|pyepics``, with EPICS_CA_* leading to the server.
"""

import asyncio
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from channel_access_server import IMAGES, PVS, TICKERS

NAMES = [f"B:ao{number}" for number in range(PVS)]
TICKING = [f"B:tick{number}" for number in range(TICKERS)]

#: How many gets and puts; and seconds for which monitors are counted, after some to settle.
TIMES, COUNTED_S, SETTLE_S = 2000, 1.5, 0.5

#: How often the layer and its channels are measured in turn.
TURNS = 7

#: How many signals a device has whose readings are compared with those of its channels.
READ_AT_ONCE = 100

Count = Callable[[], int]
Figures = dict[str, float]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall and of the CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def one_by_one(name: str, work: Callable[[int], object], times: int = TIMES) -> Figures:
    """How many a second, by the wall and by the CPU."""
    work(100)
    wall, cpu = timed(lambda: work(times))
    return {name: times / wall, f"{name} per CPU s": times / cpu}


def counted(name: str, count: Count, unit: float = 1.0) -> Figures:
    """What monitors bring in a second, by the wall and by the CPU."""
    time.sleep(SETTLE_S)
    before = count()
    wall, cpu = timed(lambda: time.sleep(COUNTED_S))
    brought = unit * (count() - before)
    return {name: brought / wall, f"{name} per CPU s": brought / cpu}


class Peer:
    """What each of them can do."""

    def prepare(self) -> None:
        """Import what is needed."""
        raise NotImplementedError

    def connect(self) -> None:
        raise NotImplementedError

    def get(self, count: int) -> None:
        raise NotImplementedError

    def put(self, count: int) -> None:
        raise NotImplementedError

    def switch(self, name: str, on: bool) -> None:
        raise NotImplementedError

    def monitor(self, names: list[str]) -> tuple[Count, Callable[[], object]]:
        """Count what comes from now on; and how to end that."""
        raise NotImplementedError

    def figures(self) -> Figures:
        """All of them."""
        self.prepare()
        wall, _ = timed(self.connect)
        found = {"connect": 1 / wall, **one_by_one("get", self.get), **one_by_one("put", self.put)}
        for name, (size, _) in IMAGES.items():
            count, end = self.monitor([f"B:{name}"])
            self.switch(name, True)
            found |= counted(name, count, size / 1e6)
            self.switch(name, False)
            end()
        count, _ = self.monitor(TICKING)
        return found | counted("monitors", count)


class Beamtwin(Peer):
    def prepare(self) -> None:
        import beamtwin.hardware.ca.client

        self.transport_class = beamtwin.hardware.ca.CATransport

    def connect(self) -> None:
        self.transport = self.transport_class()
        self.channels = [self.transport.channel(name) for name in NAMES]
        self.transport.connect(self.channels)

    def get(self, count: int) -> None:
        for number in range(count):
            self.channels[number % PVS].get()

    def put(self, count: int) -> None:
        for number in range(count):
            self.channels[number % PVS].put(float(number)).wait()

    def switch(self, name: str, on: bool) -> None:
        channel = self.transport.channel(f"B:{name}:on")
        self.transport.connect([channel])
        channel.put(int(on)).wait()

    def monitor(self, names: list[str]) -> tuple[Count, Callable[[], object]]:
        channels = [self.transport.channel(name) for name in names]
        self.transport.connect(channels)
        seen = [0]

        def take(reading: Any) -> None:
            seen[0] += 1

        ends = [channel.subscribe(take) for channel in channels]
        return lambda: seen[0], lambda: [end() for end in ends]

    def figures(self) -> Figures:
        """The layer's, too: signals and devices over these channels."""
        return super().figures() | self.layer()

    def layer(self) -> Figures:
        from beamtwin.hardware.device import Device, connect
        from beamtwin.hardware.signals import SignalRW

        signals = [SignalRW(float, self.transport, name, name=name) for name in NAMES]
        device = Device("", "device", self.transport)
        for number, signal in enumerate(signals[:READ_AT_ONCE]):
            device.add(f"signal_{number}", signal)
        connect(*signals)
        channels = self.channels
        some = channels[:READ_AT_ONCE]
        return {
            **in_turn("get", TIMES, each(signals, _get), each(channels, _get)),
            **in_turn("put", TIMES, each(signals, _set), each(channels, _put)),
            **in_turn(
                "read",
                10 * TIMES,
                together(device.read),
                together(lambda: self.transport.get_many(some)),
            ),
        }


def in_turn(
    name: str, times: int, layer: Callable[[int], object], bare: Callable[[int], object]
) -> Figures:
    """Both in turn, on a machine that others use as well: the best of each, and the median of their ratios."""
    turns = [
        [one_by_one(name, work, times)[f"{name} per CPU s"] for work in (layer, bare)]
        for _ in range(TURNS)
    ]
    ratios = [ours / theirs for ours, theirs in turns]
    found = {f"{name} kept": statistics.median(ratios)}
    for kind, rates in zip(("layer", "bare"), zip(*turns, strict=True), strict=True):
        found[f"{kind} {name} per CPU s"] = max(rates)
    return found


def each(parts: list[Any], act: Callable[[Any, float], object]) -> Callable[[int], None]:
    """Do something to so many of them, one after the other."""

    def work(count: int) -> None:
        for number in range(count):
            act(parts[number % len(parts)], float(number))

    return work


def together(read: Callable[[], object]) -> Callable[[int], None]:
    """Read so many, a hundred at a time."""

    def work(count: int) -> None:
        for _ in range(count // READ_AT_ONCE):
            read()

    return work


def _get(part: Any, _: float) -> None:
    part.get()


def _set(part: Any, value: float) -> None:
    part.set(value).wait()


def _put(part: Any, value: float) -> None:
    part.put(value).wait()


class Caproto(Peer):
    def prepare(self) -> None:
        import caproto.threading.client

        self.context_class = caproto.threading.client.Context

    def connect(self) -> None:
        self.context = self.context_class()
        self.pvs = self._connected(NAMES)
        self.subscriptions: list[Any] = []

    def _connected(self, names: list[str]) -> list[Any]:
        pvs = self.context.get_pvs(*names)
        for pv in pvs:
            pv.wait_for_connection()
        return pvs

    def get(self, count: int) -> None:
        for number in range(count):
            self.pvs[number % PVS].read(data_type="time")

    def put(self, count: int) -> None:
        for number in range(count):
            self.pvs[number % PVS].write(float(number), wait=True)

    def switch(self, name: str, on: bool) -> None:
        self._connected([f"B:{name}:on"])[0].write(int(on), timeout=20.0)

    def monitor(self, names: list[str]) -> tuple[Count, Callable[[], object]]:
        seen = [0]

        def take(subscription: Any, response: Any) -> None:
            seen[0] += 1

        made = [pv.subscribe(data_type="time") for pv in self._connected(names)]
        for subscription in made:
            subscription.add_callback(take)
        self.subscriptions.append((made, take))  # which it holds weakly
        return lambda: seen[0], lambda: [subscription.clear() for subscription in made]


class PyEpics(Peer):
    def prepare(self) -> None:
        import epicscorelibs.path.pyepics  # noqa: F401 (says where libca is)
        from epics import PV, ca

        ca.initialize_libca()
        self.pv_class = PV

    def connect(self) -> None:
        self.pvs = [self.pv_class(name, auto_monitor=False, form="time") for name in NAMES]
        for pv in self.pvs:
            pv.wait_for_connection()

    def get(self, count: int) -> None:
        for number in range(count):
            self.pvs[number % PVS].get(use_monitor=False)

    def put(self, count: int) -> None:
        for number in range(count):
            self.pvs[number % PVS].put(float(number), wait=True)

    def switch(self, name: str, on: bool) -> None:
        from epics import caput

        caput(f"B:{name}:on", int(on), wait=True)

    def monitor(self, names: list[str]) -> tuple[Count, Callable[[], object]]:
        from epics import PV

        seen = [0]

        def take(**_: Any) -> None:
            seen[0] += 1

        pvs = [PV(name, auto_monitor=True, callback=take, form="time") for name in names]
        for pv in pvs:
            pv.wait_for_connection()
        return lambda: seen[0], lambda: [pv.disconnect() for pv in pvs]


class Aioca(Peer):
    """In an asyncio loop, which it needs; what is measured is measured there."""

    def figures(self) -> Figures:
        return asyncio.run(self._figures())

    async def _figures(self) -> Figures:
        import aioca

        start = time.perf_counter()
        await aioca.connect(NAMES)
        found = {"connect": 1 / (time.perf_counter() - start)}
        for name, work in (("get", self._get), ("put", self._put)):
            await work(100)
            wall, cpu = time.perf_counter(), time.process_time()
            await work(TIMES)
            found[name] = TIMES / (time.perf_counter() - wall)
            found[f"{name} per CPU s"] = TIMES / (time.process_time() - cpu)
        for name, (size, _) in IMAGES.items():
            found |= await self._monitors(name, [f"B:{name}"], size / 1e6)
        return found | await self._monitors("monitors", TICKING, 1.0)

    async def _get(self, count: int) -> None:
        import aioca

        for number in range(count):
            await aioca.caget(NAMES[number % PVS], format=aioca.FORMAT_TIME)

    async def _put(self, count: int) -> None:
        import aioca

        for number in range(count):
            await aioca.caput(NAMES[number % PVS], float(number), wait=True)

    async def _monitors(self, name: str, pvs: list[str], unit: float) -> Figures:
        import aioca

        seen = 0

        def take(value: Any, *_: Any) -> None:
            nonlocal seen
            seen += 1

        made = [aioca.camonitor(pv, take, format=aioca.FORMAT_TIME, all_updates=True) for pv in pvs]
        if name in IMAGES:
            await aioca.caput(f"B:{name}:on", 1)
        await asyncio.sleep(SETTLE_S)
        before, wall, cpu = seen, time.perf_counter(), time.process_time()
        await asyncio.sleep(COUNTED_S)
        brought = unit * (seen - before)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if name in IMAGES:
            await aioca.caput(f"B:{name}:on", 0)
        for subscription in made:
            subscription.close()
        return {name: brought / wall, f"{name} per CPU s": brought / cpu}


PEERS: dict[str, type[Peer]] = {
    "beamtwin": Beamtwin,
    "caproto": Caproto,
    "aioca": Aioca,
    "pyepics": PyEpics,
}


def main() -> None:
    """Measure one, and say what was found."""
    warnings.simplefilter("ignore")
    print(json.dumps(PEERS[sys.argv[1]]().figures()), flush=True)
    os._exit(0)  # some have threads that will not end


if __name__ == "__main__":
    main()
