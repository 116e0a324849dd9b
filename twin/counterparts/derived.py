"""Records whose values follow from something else: from other records, as those of calc records do, or from a model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import simpy

from beamtwin.hardware.channel import Reading
from beamtwin.twin.clock import SimClock
from beamtwin.twin.monitored import NEWS
from beamtwin.twin.record import Record, real, short, string
from beamtwin.twin.records import AiRecord

__all__ = ["DerivedRecord", "SampledRecord", "Source"]

#: A field of another record.
Source = tuple[Record, str]

Callback = Callable[[Reading], object]


class DerivedRecord(Record):
    """Numbers computed from fields of other records: when they are read, and while somebody monitors them.

    Parameters
    ----------
    outputs : mapping of str to callable
        Field to what it is, as a function of the values of all sources.
    sources : sequence of (Record, str)
    """

    record_type = "calc"

    def __init__(
        self,
        clock: SimClock,
        name: str,
        outputs: Mapping[str, Callable[..., float]],
        sources: Sequence[Source],
        **field_values: Any,
    ):
        numbers = {field: real(writable=False) for field in ("VAL", *outputs)}
        self.fields = {**Record.fields, "EGU": string(), "PREC": short(), **numbers}
        super().__init__(clock, name, **field_values)
        self._outputs = outputs
        self._sources = tuple(sources)
        self._ends: list[Callable[[], None]] = []
        self.refresh()

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds; an output as its sources are now."""
        if field in self._outputs:
            self.refresh()
        return super().read(field)

    def subscribe(self, field: str, callback: Callback, events: int = NEWS) -> Callable[[], None]:
        """Monitor a field; the sources are monitored as long as anybody listens."""
        if field not in self._outputs:
            return super().subscribe(field, callback, events)
        self.refresh()
        end_one = super().subscribe(field, callback, events)
        if not self._ends:
            self._ends = [
                record.subscribe(source, self._follow) for record, source in self._sources
            ]

        def end() -> None:
            end_one()
            if self._outputs.keys().isdisjoint(self.monitors):
                ends, self._ends = self._ends, []
                for end_source in ends:
                    end_source()

        return end

    def refresh(self) -> None:
        """Compute all outputs anew."""
        self._post([record.read(source).value for record, source in self._sources])

    def _follow(self, _: Reading) -> None:
        self._post([record.values[source] for record, source in self._sources])

    def _post(self, values: Sequence[float]) -> None:
        for field, compute in self._outputs.items():
            self.post(field, float(compute(*values)))


class SampledRecord(AiRecord):
    """A number that a model has at any time: asked for when it is read, and regularly while somebody monitors it.

    Parameters
    ----------
    sample : callable
        The number now.
    period_s : float
        How often monitors hear of it.
    """

    def __init__(
        self,
        clock: SimClock,
        name: str,
        sample: Callable[[], float],
        period_s: float = 1.0,
        **field_values: Any,
    ):
        super().__init__(clock, name, **field_values)
        self._sample = sample
        self._period_s = period_s
        self._ticking = False

    def read(self, field: str = "VAL") -> Reading:
        """What a field holds; the value as it is now."""
        if field == "VAL":
            self.post("VAL", float(self._sample()))
        return super().read(field)

    def subscribe(self, field: str, callback: Callback, events: int = NEWS) -> Callable[[], None]:
        """Monitor a field; the value is told regularly, as long as anybody listens."""
        self.read(field)
        end = super().subscribe(field, callback, events)
        if field == "VAL" and not self._ticking:
            self._ticking = True
            self.clock.env.timeout(self._period_s).callbacks.append(self._tick)
        return end

    def _tick(self, _: simpy.Event) -> None:
        self._ticking = "VAL" in self.monitors
        if self._ticking:
            self.post("VAL", float(self._sample()))
            self.clock.env.timeout(self._period_s).callbacks.append(self._tick)
