"""What ophyd's classes connect to is there, under the same names."""

import warnings

import pytest

from beamtwin.twin.records import MotorRecord, ScalerRecord


@pytest.fixture(scope="module")
def ophyd():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("ophyd")


def fields_of(device_class):
    for component in device_class._sig_attrs.values():
        for _, suffix, *_ in getattr(component, "defn", {"": (None, component.suffix)}).values():
            yield suffix.removeprefix(".")


def test_every_field_of_ophyds_motor_is_there(ophyd):
    fields = set(fields_of(ophyd.EpicsMotor))
    assert {"RBV", "VAL", "DMOV", "HOMF"} <= fields <= MotorRecord.fields.keys()


def test_every_field_of_ophyds_scaler_is_there(ophyd):
    fields = set(fields_of(ophyd.EpicsScaler))
    assert {"CNT", "S32", "NM1", "RATE"} <= fields <= ScalerRecord.fields.keys()
