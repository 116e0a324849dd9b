"""Scanning: records that are processed periodically, or at events."""

from bisect import insort
from functools import partial
from typing import Any, Protocol

from beamtwin.twin.clock import SimClock
from beamtwin.twin.menus import SCAN, SCAN_PERIODS_S

__all__ = ["Scanner"]

EVENT = SCAN.index("Event")


class Scanned(Protocol):
    """What is scanned."""

    name: str
    values: dict[str, Any]

    def process_quietly(self) -> None:
        """Process it."""
        ...


class Scanner:
    """Processes records as their SCAN says; those of one period in the order of PHAS.

    All records of one period are processed at the same times: its multiples. While there are such records the timeline
    never comes to an end, and so a wait for what never happens is not noticed any more.

    Parameters
    ----------
    clock : SimClock
    """

    def __init__(self, clock: SimClock):
        self._clock = clock
        self._lists: dict[int, list[tuple[int, int, Scanned]]] = {}
        self._choices: dict[str, tuple[int, int]] = {}
        self._ticking: set[int] = set()
        self._numbers: dict[str, int] = {}

    def schedule(self, record: Scanned) -> None:
        """See to it that a record is scanned as its fields say now."""
        values = record.values
        choice, phase = values["SCAN"], values["PHAS"]
        number = self._numbers.setdefault(record.name, len(self._numbers))
        before = self._choices.pop(record.name, None)
        if before is not None:
            self._lists[before[0]].remove((before[1], number, record))
        if choice == EVENT or choice in SCAN_PERIODS_S:
            self._choices[record.name] = choice, phase
            insort(self._lists.setdefault(choice, []), (phase, number, record))
        if choice in SCAN_PERIODS_S and choice not in self._ticking:
            self._tick_later(choice)

    def post_event(self, name: str) -> None:
        """Process the records that wait for an event."""
        for _, _, record in tuple(self._lists.get(EVENT, ())):
            if name and _event(record.values["EVNT"]) == _event(name):
                record.process_quietly()

    def _tick_later(self, choice: int) -> None:
        env, period = self._clock.env, SCAN_PERIODS_S[choice]
        next_tick = (int(env.now / period + 1e-9) + 1) * period
        self._ticking.add(choice)
        self._clock.after(next_tick - env.now, partial(self._tick, choice))

    def _tick(self, choice: int) -> None:
        records = self._lists[choice]
        if not records:
            self._ticking.discard(choice)
            return
        self._tick_later(choice)
        for _, _, record in tuple(records):
            record.process_quietly()


def _event(name: str) -> str:
    """Events that are numbers may be written in several ways: 1 and 1.0 are one."""
    name = name.strip()
    try:
        return str(int(float(name)))
    except (ValueError, OverflowError):
        return name
