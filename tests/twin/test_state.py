"""Snapshots: a world that was put into a mapping and back goes on as one that was never interrupted."""

import json
from contextlib import ExitStack

import pytest

from beamtwin.hardware.mirror import PitchLoop
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.registry import Entry, Registry
from beamtwin.hardware.scaler import Scaler
from beamtwin.hardware.shutter import FourPVShutter
from beamtwin.orchestration.documents import SeededUids
from beamtwin.orchestration.engine import RunEngine
from beamtwin.orchestration.errors import StateError
from beamtwin.orchestration.plans import count, scan
from beamtwin.orchestration.stubs import mv
from beamtwin.scenarios.chx.devices import make_devices
from beamtwin.scenarios.chx.twin import make_world
from beamtwin.twin.clock import PacedClock, SimClock
from beamtwin.twin.world import World

EPOCH = 1_700_000_000.0


class Session:
    """An engine and devices on a world; what they have taken."""

    def __init__(self, world, folder, seed):
        self.devices = make_devices(world.database, folder, SeededUids(seed))
        self.devices.connect("s2", "scaler", "eiger4m")
        self.engine = RunEngine(
            clock=world.database.clock, context_managers=[], new_uid=SeededUids(seed)
        )
        self.documents = []
        self.engine.subscribe(lambda name, document: self.documents.append((name, document)))

    def move(self):
        """Leave nothing as it was at first."""
        devices = self.devices
        self.engine(mv(devices.s2, {"h_gap": 0.02, "v_gap": 0.03, "v_center": 0.001}))
        self.engine(mv(devices.scaler.preset_time, 0.25))
        self.engine(mv(devices.dcm.energy, 9651.0, devices["diff.xh"], 2.0))
        self.engine(mv(devices["bds.h_center"], 0.002))
        devices.s2.top.set_current_position(1.0)
        self.engine(count([devices.scaler], num=3))
        self.engine(mv(devices.foe_sh, "Close"))

    def measure(self):
        devices = self.devices
        top = devices.s2.top.position
        self.engine(mv(devices.foe_sh, "Open"))
        self.engine(scan([devices.scaler], devices.s2.top, top - 0.01, top + 0.01, 7))


@pytest.fixture(scope="module")
def snapshot_and_rest(tmp_path_factory):
    """A snapshot in the middle of a session, and the documents of what came after it."""
    folder = tmp_path_factory.mktemp("assets")
    with make_world(SimClock(EPOCH), seed=5) as world:
        before = Session(world, folder, seed=1)
        before.move()
        snapshot = json.dumps(world.snapshot())
        session = Session(world, folder, seed=2)
        session.measure()
        return snapshot, session.documents, world.snapshot()


def test_going_on_after_a_restore_is_going_on_without_one(snapshot_and_rest, tmp_path):
    """The same documents: values, times, uids; and the same world in the end."""
    text, expected, last = snapshot_and_rest
    with make_world(SimClock(EPOCH), seed=5) as world:
        world.restore(json.loads(text))
        session = Session(world, tmp_path, seed=2)
        session.measure()
        assert [name for name, _ in session.documents] == [name for name, _ in expected]
        for (name, one), (_, other) in zip(session.documents, expected, strict=True):
            assert one == other, name
        assert json.loads(json.dumps(world.snapshot())) == json.loads(json.dumps(last))


@pytest.fixture
def small():
    """``small()``: a world that is quickly made."""
    shutter = Entry("sh", FourPVShutter, "sh:", twin={"open": True})
    pitch = Entry("p", PitchLoop, "p:", twin={"tau_s": 5.0})
    entries = [
        Entry("m", Motor, "m", twin=DISTURBED),
        Entry("sc", Scaler, "sc", twin=RATES),
        shutter,
        pitch,
    ]
    with ExitStack() as stack:

        def make(clock=None, **changes):
            clock = clock or SimClock(EPOCH)
            world = World("small", clock, registry=Registry(entries), **{"seed": 1, **changes})
            world.populate()
            return stack.enter_context(world)

        yield make


DISTURBED = {
    "mechanics": {"drift": {"amplitude": 1.0, "time_constant_s": 50.0},
                  "vibration": {"rms": 0.1, "band_Hz": [1.0, 10.0]}},
}  # fmt: skip
RATES = {"rates": {"2": 1000.0}}


def saved(world):
    return json.loads(json.dumps(world.snapshot()))


def write(world, pv, value):
    return world.database.channel(pv).put(value)


def read(world, pv):
    return world.database.channel(pv).get().value


def test_what_has_been_drawn_is_not_drawn_again(small):
    def count(world):
        write(world, "sc.CNT", 1)
        world.database.clock.sleep(2.0)
        return read(world, "sc.S2")

    world = small()
    first = count(world)
    snapshot = saved(world)
    then = count(world)
    other = small()
    other.restore(snapshot)
    assert count(other) == then != first


def test_what_models_remember_is_kept_too(small):
    """A shutter knows at which end it is; a lag, on which way; a stage drifts on."""
    world = small()
    write(world, "sh:Cmd:Cls-Cmd", 1)
    write(world, "p:PID-SP", 100.0)
    write(world, "m", 3.0)
    world.database.clock.sleep(10.0)
    other = small()
    other.restore(saved(world))
    found = []
    for each in (world, other):
        write(each, "sh:Cmd:Opn-Cmd", 1)
        each.database.clock.sleep(3.0)
        stage = each.database.records["m"].position
        found.append((read(each, "sh:Cmd:Opn-Sts"), read(each, "p:Pos-I"), stage))
    assert found[0] == found[1]
    assert found[0][0] == 1
    assert 85.0 < found[0][1] < 95.0


def test_monitors_hear_of_a_restore(small):
    world = small()
    write(world, "m", 3.0)
    world.database.clock.sleep(10.0)
    other, heard = small(), []
    other.database.channel("m.DVAL").subscribe(lambda reading: heard.append(reading.value))
    other.restore(saved(world))
    assert heard == [0.0, 3.0]


@pytest.mark.parametrize(
    ("pv", "value", "message"),
    [
        ("m", 1.0, r"^the twin is not at rest: m \(.* on its way to 1 mm\)$"),
        ("sc.CNT", 1, r"sc \(counts for 1 s\)$"),
        ("sh:Cmd:Cls-Cmd", 1, r"^the twin is not at rest: sh:: closes$"),
    ],
)
def test_a_world_that_is_busy_cannot_be_put_into_a_snapshot(small, pv, value, message):
    world = small()
    write(world, pv, value)
    with pytest.raises(StateError, match=message):
        world.snapshot()
    world.database.clock.sleep(10.0)
    world.snapshot()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 6}, r"of another world: seed 1 instead of 6"),
        ({"noise": False}, r"noise True instead of False"),
        ({"level": "wave"}, r"level 'fast' instead of 'wave'"),
        ({"clock": SimClock(1.0)}, r"make the world with SimClock\(epoch=1700000000.0\)"),
    ],
)
def test_only_a_world_of_the_same_make_can_go_on(small, changes, message):
    snapshot = saved(small())
    with pytest.raises(StateError, match=message):
        small(**changes).restore(snapshot)


def test_a_snapshot_is_restored_into_a_new_world(small):
    snapshot, world = saved(small()), small()
    world.database.clock.sleep(1e4)
    with pytest.raises(StateError, match=r"at 10000 s, .* of 0 s: restore it into a new world"):
        world.restore(snapshot)


def test_what_is_no_snapshot_is_said_to_be_none(small):
    with pytest.raises(StateError, match="format None: a snapshot of format 1 is wanted"):
        small().restore({})


def test_a_paced_world_stays_at_the_walls_time(small):
    world = small()
    write(world, "m", 3.0)
    world.database.clock.sleep(10.0)
    paced = small(PacedClock())
    before = paced.database.clock.time()
    paced.restore(saved(world))
    assert 0.0 <= paced.database.clock.time() - before < 5.0
    assert read(paced, "m") == 3.0
