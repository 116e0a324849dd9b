"""Point detectors' counterparts: electrometers, beam position monitors, scalers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import simpy

from beamtwin.hardware.device import Device
from beamtwin.hardware.electrometer import XBPM, ElectrometerSums, QuadEM
from beamtwin.hardware.scaler import Scaler
from beamtwin.orchestration.status import Status
from beamtwin.twin.counterparts.derived import SampledRecord
from beamtwin.twin.counterparts.pairs import CHOICE, REAL, WHOLE, Pair, add_pair
from beamtwin.twin.counterparts.populate import SEED, Builder
from beamtwin.twin.database import Database
from beamtwin.twin.noise import Streams, stream
from beamtwin.twin.records import BoRecord, ScalerRecord
from beamtwin.twin.records.scaler import Counts

__all__ = ["COUNTERPARTS", "Currents", "QuadEMRecords", "build_xbpm", "quantities"]

#: The four currents of an electrometer now, in A.
Currents = Callable[[], Sequence[float]]

MODES = ("Continuous", "Multiple", "Single")
CONTINUOUS, SINGLE = 0, 2
GEOMETRIES = ("Diamond", "Square")
RANGES = ("+- 120 uA", "+- 120 nA")


class Quantities(NamedTuple):
    """What a quadEM driver makes of four currents, by its names."""

    Current1: float
    Current2: float
    Current3: float
    Current4: float
    SumX: float
    SumY: float
    SumAll: float
    PosX: float
    PosY: float


def quantities(currents: Sequence[float], square: bool = False) -> Quantities:
    """As in quadEM's ``drvQuadEM::computePositions``, with unit scale and no offsets.

    Diamond: 1 and 2 are left and right, 3 and 4 bottom and top. Square: 1 is top left, then clockwise.
    """
    c1, c2, c3, c4 = currents
    total = sum(currents)
    x, y = (total, c2 + c3 - c1 - c4), (total, c1 + c2 - c3 - c4)
    if not square:
        x, y = (c1 + c2, c2 - c1), (c3 + c4, c4 - c3)
    place_x, place_y = (difference / (both or 1.0) for both, difference in (x, y))
    return Quantities(c1, c2, c3, c4, x[0], y[0], total, place_x, place_y)


def source_of(settings: Mapping[str, Any]) -> Currents:
    """The currents that settings name: ``currents``, four numbers in A or what returns them; default: none flow."""
    given: Any = settings.get("currents", (0.0,) * 4)
    if callable(given):
        return cast(Currents, given)
    return lambda: given


class QuadEMRecords:
    """A quadEM driver: free readings, or single ones that take the averaging time."""

    def __init__(self, database: Database, prefix: str, currents: Currents, averaging_s: float):
        self._clock = clock = database.clock
        self._currents = currents
        self._completion: Status | None = None
        self._single = False

        def add(pair: Pair, pv: str, *states: tuple[str, ...], **fields: Any) -> Any:
            return add_pair(database, pair, prefix + pv, f"{prefix}{pv}_RBV", *states, **fields)

        self._averaging = add(REAL, "AveragingTime", EGU="s", PREC=3, VAL=averaging_s)
        add(WHOLE, "ValuesPerRead", VAL=1)
        add(CHOICE, "Range", RANGES)
        self._geometry = add(CHOICE, "Geometry", GEOMETRIES)
        self._mode = add(CHOICE, "AcquireMode", MODES)
        self._acquire = database.add(
            BoRecord(clock, f"{prefix}Acquire", on_put=self._operate, ZNAM="Done", ONAM="Acquire")
        )
        database.models[prefix] = self
        self._means = [
            database.add(
                SampledRecord(clock, f"{prefix}{name}:MeanValue_RBV", self._sampler(index), PREC=4)
            )
            for index, name in enumerate(Quantities._fields)
        ]

    @property
    def under_way(self) -> str:
        """Whether it takes a single reading."""
        return "averages" if self._single else ""

    def state(self) -> dict[str, Any]:
        """Nothing that its records do not have."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as the records say."""

    def _now(self) -> Quantities:
        return quantities(self._currents(), square=bool(self._geometry.values["VAL"]))

    def _sampler(self, index: int) -> Callable[[], float]:
        """Running freely, what is now; else what was read last."""

        def sample() -> float:
            running = self._acquire.values["VAL"] and not self._single
            return self._now()[index] if running else self._means[index].values["VAL"]

        return sample

    def _operate(self, on: int) -> Status | None:
        if not on:
            self._end()
            return None
        if self._completion is None:
            self._completion = Status(self._clock, name=f"{self._acquire.name}: acquire")
            self._single = self._mode.values["VAL"] == SINGLE
            if self._single:
                event = self._clock.env.timeout(self._averaging.values["VAL"], self._completion)
                event.callbacks.append(self._read)
        return self._completion

    def _read(self, event: simpy.Event) -> None:
        if event.value is self._completion:  # else it has been stopped since
            for record, value in zip(self._means, self._now(), strict=True):
                record.post("VAL", value)
            self._end()

    def _end(self) -> None:
        completion, self._completion = self._completion, None
        self._single = False
        self._acquire.post("VAL", 0)
        if completion is not None:
            completion.set_finished()


def build_quadem(device: QuadEM, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a driver. Settings: ``currents`` (four, in A, or what returns them), ``averaging_s``."""
    QuadEMRecords(database, device.prefix, source_of(settings), settings.get("averaging_s", 0.1))


def build_sums(device: ElectrometerSums, database: Database, settings: Mapping[str, Any]) -> None:
    """Add sums that are always there. Settings: ``currents``."""
    currents = source_of(settings)
    for name in ("SumX", "SumY", "SumAll"):
        database.add(
            SampledRecord(
                database.clock,
                f"{device.prefix}{name}:MeanValue_RBV",
                lambda name=name: getattr(quantities(currents()), name),
                PREC=4,
            )
        )


def build_xbpm(device: XBPM, database: Database, settings: Mapping[str, Any]) -> None:
    """Add currents and positions that are always there. Settings: ``currents``; ``scale`` of the positions, in mm."""
    currents, scale = source_of(settings), settings.get("scale", 1.0)

    def add(pv: str, unit: str, value: Callable[[Sequence[float]], float]) -> None:
        database.add(
            SampledRecord(
                database.clock,
                device.prefix + pv,
                lambda: value(currents()),
                EGU=unit,
                PREC=4,
            )
        )

    for index, electrode in enumerate("ABCD"):
        add(f"Ampl:{electrode}CurrAvg-I", "A", lambda four, index=index: four[index])
    add("Ampl:CurrTotal-I", "A", sum)
    add("Pos:X-I", "mm", lambda four: scale * quantities(four, square=True).PosX)
    add("Pos:Y-I", "mm", lambda four: scale * quantities(four, square=True).PosY)


def build_scaler(scaler: Scaler, database: Database, settings: Mapping[str, Any]) -> None:
    """Add a scaler whose channels count at constant rates.

    Settings: ``rates``, channel to counts/s; fields of the record. With a seed, counts are Poisson-distributed.
    """
    rates = {int(channel): rate for channel, rate in settings.get("rates", {}).items()}
    names = {
        f"NM{n}": label for n, label in scaler.labels.items() if label != scaler.default.get(n)
    }
    fields = {key: value for key, value in settings.items() if key[:1].isupper()}
    counts = _constant_rates(rates, scaler.prefix, settings.get(SEED))
    database.add(
        ScalerRecord(database.clock, scaler.prefix, counts, **{"NM1": "time", **names, **fields})
    )


def _constant_rates(rates: Mapping[int, float], name: str, seed: int | Streams | None) -> Counts:
    noise = None if seed is None else stream(seed, name)
    channels = range(2, max(rates, default=1) + 1)

    def counts(duration_s: float) -> list[float]:
        means = [rates.get(channel, 0.0) * duration_s for channel in channels]
        return means if noise is None else [float(noise.poisson(mean)) for mean in means]

    return counts


COUNTERPARTS: dict[type[Device], Builder] = {
    ElectrometerSums: build_sums,
    QuadEM: build_quadem,
    Scaler: build_scaler,
    XBPM: build_xbpm,
}
