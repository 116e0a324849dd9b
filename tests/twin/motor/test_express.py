"""The plain move of `express` against the general way: the same fields, monitors and times."""

from hypothesis import given, settings
from hypothesis import strategies as st

from beamtwin.orchestration.errors import PutError
from beamtwin.twin.clock import SimClock
from beamtwin.twin.records import MotorRecord


class General(MotorRecord):
    """Without the short cut."""

    def _set_out(self, value):
        return False


POSITIONS = st.one_of(st.floats(-12.0, 12.0), st.sampled_from([0.0, 0.3, 1.0, 1e-7]))
ACTIONS = st.one_of(
    st.tuples(st.just("put"), st.just("VAL"), POSITIONS),
    st.tuples(st.just("put"), st.sampled_from(["DVAL", "RLV"]), POSITIONS),
    st.tuples(st.just("send"), st.just("VAL"), POSITIONS),
    st.tuples(st.just("send"), st.sampled_from(["STOP", "JOGF", "HOMR", "SYNC"]), st.just(1)),
    st.tuples(st.just("send"), st.just("JOGF"), st.just(0)),
    st.tuples(st.just("send"), st.just("SPMG"), st.sampled_from(["Pause", "Go", "Stop"])),
    st.tuples(st.just("send"), st.just("DIR"), st.sampled_from(["Neg", "Pos"])),
    st.tuples(st.just("send"), st.sampled_from(["OFF", "BDST"]), st.floats(-1.0, 1.0)),
    st.tuples(st.just("send"), st.just("VBAS"), st.floats(0.0, 0.5)),
    st.tuples(st.just("sleep"), st.just(""), st.floats(0.0, 20.0)),
)
FIELDS = st.one_of(
    st.sets(st.sampled_from(sorted(MotorRecord.fields)), max_size=6),
    st.just(set(MotorRecord.fields)),
)
MADE = st.fixed_dictionaries(
    {"MRES": st.sampled_from([1e-6, 0.25, -0.01]), "VAL": st.sampled_from([0.0, 1.1])},
    optional={
        "OFF": st.floats(-3.0, 3.0),
        "DIR": st.sampled_from(["Pos", "Neg"]),
        "HLSV": st.sampled_from(["MINOR"]),
        "RTRY": st.sampled_from([0, 2]),
        "home": st.floats(-2.0, 2.0),
        "switches": st.just((-8.0, 9.0)),
    },
)


def history(kind, made, fields, actions):
    """All that monitors and completions of a record hear, and how it ends."""
    clock = SimClock(epoch=0.0)
    motor = kind(clock, "m", VELO=2.0, ACCL=0.2, DLLM=-10.0, DHLM=10.0, **made)
    heard = []
    for field in sorted(fields):
        motor.subscribe(field, lambda reading, field=field: heard.append((field, *reading)))
    for number, (verb, field, value) in enumerate(actions):
        if verb == "sleep":
            clock.sleep(value)
            continue
        try:
            done = getattr(motor, verb)(field, value)
        except PutError as error:
            heard.append(str(error))
            continue
        if done is not None:
            done.add_callback(lambda _, number=number: heard.append(("done", number)))
    clock.sleep(60.0)
    return heard, dict(motor.values), motor.position, clock.env.now


@settings(max_examples=150, deadline=None)
@given(made=MADE, fields=FIELDS, actions=st.lists(ACTIONS, max_size=8))
def test_the_short_cut_changes_nothing(made, fields, actions):
    express = history(MotorRecord, made, fields, actions)
    general = history(General, made, fields, actions)
    assert express == general
