import pytest

from beamtwin.hardware.channel import Transport
from beamtwin.orchestration.errors import NotConnectedError, PutError, StatusTimeoutError
from beamtwin.orchestration.status import Status
from beamtwin.twin.database import Database
from beamtwin.twin.records import AoRecord, MotorRecord, ScalerRecord

MOTOR = "XF:11IDB-OP{Slt:2-Ax:HGap}Mtr"


@pytest.fixture
def database(clock):
    database = Database(clock)
    database.add(MotorRecord(clock, MOTOR, VELO=1.0, ACCL=0.5, EGU="mm"))
    database.add(ScalerRecord(clock, "XF:11IDB{Scl}", lambda duration: (duration,)))
    database.add(AoRecord(clock, "XF:11IDB{Att}", EGU="um"))
    return database


def test_it_is_a_transport(database):
    transport: Transport = database
    assert (transport.scheme, transport.clock) == ("twin", database.clock)
    transport.close()
    transport.close()


def test_names_mean_records_and_fields(database):
    motor = database.records[MOTOR]
    assert database.resolve(MOTOR) == (motor, "VAL")
    assert database.resolve(f"{MOTOR}.RBV") == (motor, "RBV")


def test_a_record_name_may_have_a_dot(clock, database):
    record = database.add(AoRecord(clock, "a.b"))
    assert database.resolve("a.b") == (record, "VAL")
    assert database.resolve("a.b.EGU") == (record, "EGU")


@pytest.mark.parametrize(
    ("pv", "meant"),
    [
        ("XF:11IDB-OP{Slt:2-Ax:HGap}Mtt", MOTOR),
        ("XF:11IDB-OP{Slt:2-Ax:HGap}Mtt.RBV", MOTOR),
        (f"{MOTOR}.RVB", "RBV"),
    ],
)
def test_an_unknown_name_is_told_with_what_comes_close(database, pv, meant):
    with pytest.raises(NotConnectedError) as error:
        database.resolve(pv)
    assert str(error.value).startswith(f"{pv}: ")
    assert meant in str(error.value).removeprefix(f"{pv}: ")


def test_connect_names_all_that_are_missing_at_once(database):
    channels = [database.channel(pv) for pv in (MOTOR, "no:such", "XF:11IDB{Att}", "nor:this")]
    with pytest.raises(NotConnectedError, match=r"2 PVs are missing: no:such.*nor:this"):
        database.connect(channels, timeout=1.0)
    with pytest.raises(NotConnectedError, match=r"^no:such"):
        database.connect(channels[:2])
    database.connect([channels[0], channels[2]])


def test_a_channel_without_a_record_says_so_and_connects_when_there_is_one(clock, database):
    channel = database.channel("late")
    for access in (channel.get, lambda: channel.put(1.0), lambda: channel.metadata):
        with pytest.raises(NotConnectedError, match="late"):
            access()
    database.add(AoRecord(clock, "late", VAL=2.0))
    assert channel.get().value == 2.0


def test_two_records_of_one_name_are_refused(clock, database):
    database.add(AoRecord(clock, "late"))
    with pytest.raises(ValueError, match="late"):
        database.add(AoRecord(clock, "late"))


def test_the_same_name_is_the_same_channel(database):
    assert database.channel(MOTOR) is database.channel(MOTOR)
    assert database.channel(MOTOR) is not database.channel(f"{MOTOR}.RBV")


def test_get_many(database):
    channels = [database.channel(f"{MOTOR}.{field}") for field in ("VELO", "EGU")]
    assert [reading.value for reading in database.get_many(channels)] == [1.0, "mm"]


# --- puts


def test_a_put_is_done_when_processing_has_ended(clock, database):
    status = database.channel(MOTOR).put(2.0)
    assert not status.done
    status.wait()
    assert clock.env.now == pytest.approx(2.5)
    assert database.channel(f"{MOTOR}.DMOV").get().value == 1


def test_a_put_without_processing_is_done_at_once(database):
    assert database.channel("XF:11IDB{Att}").put(3.0).success
    assert database.channel(f"{MOTOR}.VELO").put(0.5).success


def test_monitors_hear_of_the_end_before_the_status_does(database):
    heard = []
    database.channel(f"{MOTOR}.DMOV").subscribe(lambda reading: heard.append(reading.value))
    status = database.channel(MOTOR).put(1.0)
    status.add_callback(lambda _: heard.append("done"))
    status.wait()
    assert heard == [1, 0, 1, "done"]


def test_a_refused_put_is_a_status_that_has_failed(database):
    status = database.channel("XF:11IDB{Att}").put("thick")
    assert isinstance(status.exception(), PutError)
    with pytest.raises(PutError, match=r"XF:11IDB\{Att\}.*'thick'"):
        status.wait()


def test_a_completion_that_fails_fails_the_status(clock, database):
    completion = Status(clock, name="X")
    database.add(AoRecord(clock, "X", on_put=lambda value: completion))
    status = database.channel("X").put(1.0)
    clock.call_at(clock.time() + 1.0, lambda: completion.set_exception(PutError("X: jammed")))
    with pytest.raises(PutError, match="jammed"):
        status.wait()


def test_a_put_that_takes_too_long_fails_and_names_the_pv(clock, database):
    database.records[MOTOR].stuck = True
    status = database.channel(MOTOR).put(1.0, timeout=5.0)
    with pytest.raises(StatusTimeoutError, match=r"not done after 5 s"):
        status.wait()
    assert clock.env.now == 5.0


def test_a_stuck_motor_runs_into_the_callers_timeout(clock, database):
    database.records[MOTOR].stuck = True
    status = database.channel(MOTOR).put(1.0)
    clock.call_at(clock.time() + 7.0, lambda: status.set_exception(StatusTimeoutError("7 s")))
    with pytest.raises(StatusTimeoutError):
        status.wait()
    assert clock.env.now == 7.0


def test_two_hundred_moves_are_never_read_where_the_last_one_was(database):
    setpoint, readback = database.channel(MOTOR), database.channel(f"{MOTOR}.RBV")
    latest = []
    readback.subscribe(lambda reading: latest.append(reading.value))
    for step in range(200):
        setpoint.put(0.01 * step).wait()
        assert readback.get().value == latest[-1] == pytest.approx(0.01 * step)


# --- disconnections


def test_a_disconnected_record_does_not_answer(database):
    channels = [database.channel(MOTOR), database.channel(f"{MOTOR}.RBV")]
    database.connect(channels)
    database.disconnect(MOTOR)
    for channel in (*channels, database.channel(f"{MOTOR}.VELO")):
        with pytest.raises(NotConnectedError, match="disconnected"):
            channel.get()
        with pytest.raises(NotConnectedError):
            channel.put(1.0)
    with pytest.raises(NotConnectedError):
        database.connect(channels)
    database.channel(f"{MOTOR}.NONE")
    database.reconnect(MOTOR)
    database.connect(channels)
    assert channels[1].get().value == 0.0


def test_a_put_under_way_fails_when_the_record_disconnects(clock, database):
    status = database.channel(MOTOR).put(5.0)
    clock.sleep(1.0)
    database.disconnect(MOTOR)
    with pytest.raises(NotConnectedError, match="during a put"):
        status.wait()
    clock.sleep(10.0)
    assert database.records[MOTOR].position == 5.0


def test_monitors_are_silent_while_disconnected_and_then_hear_how_it_is(clock, database):
    heard = []
    channel = database.channel(f"{MOTOR}.DMOV")
    end = channel.subscribe(lambda reading: heard.append(reading.value))
    database.channel(MOTOR).put(5.0)
    database.disconnect(MOTOR)
    clock.sleep(10.0)
    assert heard == [1, 0]
    database.reconnect(MOTOR)
    assert heard == [1, 0, 1]
    end()
    database.channel(MOTOR).put(0.0)
    assert heard == [1, 0, 1]
