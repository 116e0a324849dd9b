from enum import StrEnum
from typing import Any

import numpy as np
import pytest

from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.local import local_signal, soft
from beamtwin.hardware.signals import Kind, SignalR, SignalRW
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import DeclarationError, LimitsError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.counterparts.populate import populate
from beamtwin.twin.database import Database


class Metal(StrEnum):
    AU = "gold"
    PT = "platinum"


class Sample(Device):
    temperature: SignalR[float] = pv("T", kind=Kind.hinted)
    thickness: SignalRW[float] = soft(0.5, units="mm", precision=2, limits=(0.0, 2.0))
    metal: SignalRW[Metal] = soft(Metal.AU, kind=Kind.config)
    note: SignalRW[str] = soft("", kind=Kind.config)
    is_wet: SignalRW[bool] = soft(False, kind=Kind.config)
    spots: SignalRW[int] = soft(3, kind=Kind.omitted)


@pytest.fixture
def sample(transport: SoftTransport) -> Sample:
    transport.serve("S:T", 295.0)
    sample = Sample("S:", "sample", transport)
    sample.connect()
    return sample


def test_a_setting_without_a_pv_is_read_and_described_with_the_others(
    sample: Sample, clock: SimClock
) -> None:
    assert {key: one["value"] for key, one in sample.read().items()} == {
        "sample_temperature": 295.0,
        "sample_thickness": 0.5,
    }
    assert sample.describe()["sample_thickness"] == {
        "source": "soft://sample_thickness",
        "dtype": "number",
        "shape": [],
        "dtype_numpy": "<f8",
        "units": "mm",
        "precision": 2,
        "limits": {"control": {"low": 0.0, "high": 2.0}},
    }
    assert sample.read_configuration()["sample_metal"]["value"] == "gold"
    sample.keep()
    sample.thickness.set(0.75).wait()
    assert sample.read()["sample_thickness"]["value"] == 0.75


def test_it_keeps_what_it_is_set_to_when_it_is(sample: Sample, clock: SimClock) -> None:
    clock.sleep(3.0)
    sample.configure({"metal": Metal.PT, "note": "new", "is_wet": True})
    assert sample.metal.get() is Metal.PT
    assert sample.is_wet.get() is True
    reading = sample.read_configuration()["sample_note"]
    assert reading == {"value": "new", "timestamp": clock.epoch + 3.0}
    with pytest.raises(LimitsError, match=r"sample_thickness: 3 mm is outside \[0, 2\] mm"):
        sample.thickness.set(3.0)


def test_a_twin_has_no_record_of_it(clock: SimClock) -> None:
    twin = Database(clock)
    sample = Sample("S:", "sample", twin)
    populate(twin, sample, {})
    assert list(twin.records) == ["S:T"]
    sample.connect()
    assert set(sample.read()) == {"sample_temperature", "sample_thickness"}


def test_each_device_has_its_own(transport: SoftTransport) -> None:
    first, second = Sample("A:", "a", transport), Sample("B:", "b", transport)
    first.spots.set(7).wait()
    assert (first.spots.get(), second.spots.get()) == (7, 3)


@pytest.mark.parametrize(
    ("datatype", "value", "dtype"),
    [(float, 1.0, "number"), (int, 2, "integer"), (bool, True, "boolean"), (str, "x", "string")],
)
def test_of_any_type(clock: SimClock, datatype: type, value: Any, dtype: str) -> None:
    signal = local_signal(datatype, value, clock, name="s")
    assert signal.get() == value
    assert type(signal.get()) is datatype
    assert signal.describe()["s"]["dtype"] == dtype


def test_an_array_too(clock: SimClock) -> None:
    signal = local_signal(np.ndarray, [1.0, 2.0], clock, name="s")
    signal.set(np.zeros(5)).wait()
    assert signal.describe()["s"]["shape"] == [5]


def test_it_is_declared_with_its_type() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.x: annotate it with SignalRW and its type"):
        type("Bad", (Device,), {"x": soft(1.0), "__annotations__": {"x": SignalR[float]}})
