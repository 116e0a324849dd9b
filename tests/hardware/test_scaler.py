import pytest

from beamtwin.hardware.channel import Metadata
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.soft import SoftTransport
from beamtwin.orchestration.errors import StatusTimeoutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock


@pytest.fixture
def scaler(transport: SoftTransport, clock: SimClock) -> Scaler:
    for field, value in {".TP": 1.0, ".T": 0.0, ".FREQ": 1e7}.items():
        transport.serve(f"Sclr{field}", value)
    transport.serve("Sclr.CNT", (0, Metadata("enum", choices=("Done", "Count"))))
    transport.serve("Sclr.CONT", (1, Metadata("enum", choices=("OneShot", "AutoCount"))))
    for number in range(1, 9):
        transport.serve(f"Sclr.S{number}", 0.0)
        transport.serve(f"Sclr.NM{number}", f"channel {number}")
        transport.serve(f"Sclr.PR{number}", 0.0)
        transport.serve(f"Sclr.G{number}", (0, Metadata("enum", choices=("N", "Y"))))

    def count(on: int) -> Status | None:
        if not on:
            return None
        status = Status(clock)

        def end() -> None:
            transport.set("Sclr.S2", 500.0)
            transport.set("Sclr.CNT", 0)
            status.set_finished()

        clock.call_at(clock.time() + transport.channel("Sclr.TP").get().value, end)
        return status

    transport.on_put("Sclr.CNT", count)
    device = Scaler("Sclr", "sclr", transport, channels={2: "i0", 3: "diode"})
    device.connect()
    return device


def test_only_the_channels_named_are_read(scaler: Scaler, transport: SoftTransport) -> None:
    assert list(scaler.read()) == ["sclr_time", "sclr_i0", "sclr_diode"]
    assert scaler.hints == {"fields": ["sclr_i0", "sclr_diode"]}
    assert scaler.read_configuration()["sclr_names_i0"]["value"] == "channel 2"
    everything = Scaler("Sclr", "sclr", transport)
    everything.connect()
    assert list(everything.read())[-1] == "sclr_s8"


def test_a_trigger_counts_for_the_preset_time(scaler: Scaler, clock: SimClock) -> None:
    scaler.count_time.set(2.5).wait()
    scaler.stage().wait()
    assert scaler.count_mode.get() == "OneShot"
    scaler.trigger().wait()
    assert clock.time() - clock.epoch == 2.5
    assert scaler.counts[2].get() == 500.0
    scaler.unstage().wait()
    assert scaler.count_mode.get() == "AutoCount"


def test_a_trigger_has_the_preset_time_of_the_moment_to_count(
    scaler: Scaler, clock: SimClock
) -> None:
    scaler.trigger().wait()
    scaler.count_time.set(30.0).wait()
    scaler.trigger().wait()  # would fail after 11 s by the preset time before
    assert clock.time() - clock.epoch == 31.0


def test_a_count_that_does_not_end_fails(
    scaler: Scaler, transport: SoftTransport, clock: SimClock
) -> None:
    transport.on_put("Sclr.CNT", lambda on: Status(clock) if on else None)
    with pytest.raises(StatusTimeoutError, match=r"put to Sclr\.CNT: not done after 11 s"):
        scaler.trigger().wait()
    scaler.stop()
    assert not scaler.count.get()
