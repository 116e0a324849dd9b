"""A motor record's PVs, as signals of a device."""

import inspect
from enum import IntFlag
from typing import Any

from beamtwin.hardware.declaration import Declaration
from beamtwin.hardware.device import Device, connect, pv
from beamtwin.hardware.signals import Kind, SignalR, SignalRW, SignalW

__all__ = ["MotorSignals", "MotorStatus"]


class MotorStatus(IntFlag):
    """The bits of MSTA."""

    DIRECTION = 0x0001
    DONE = 0x0002
    PLUS_LS = 0x0004
    HOME = 0x0008
    POSITION = 0x0020
    SLIP_STALL = 0x0040
    ENCODER_HOME = 0x0080
    ENCODER_PRESENT = 0x0100
    PROBLEM = 0x0200
    MOVING = 0x0400
    GAIN_SUPPORT = 0x0800
    COMM_ERR = 0x1000
    MINUS_LS = 0x2000
    HOMED = 0x4000


class _OnDemand:
    """A signal that is made, and connected, when it is first asked for."""

    def __init__(self, declaration: Declaration):
        self._declaration = declaration

    def __set_name__(self, owner: type, attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute

    def __get__(self, device: Device | None, owner: type | None = None) -> Any:
        if device is None:
            return self
        annotation = inspect.get_annotations(self._owner, eval_str=True)[self._attribute]
        signal = self._declaration.build(device, self._attribute, annotation)
        connect(signal)
        vars(device)[self._attribute] = signal  # which is found there from now on
        return signal


def _on_demand(suffix: str, *, completion: bool = True) -> Any:
    """Declare a signal that is not asked for with all the others.

    A beamline has hundreds of motors, of which few are ever jogged; and not every version of the record has all fields.
    """
    return _OnDemand(pv(suffix, kind=Kind.omitted, completion=completion))


class MotorSignals(Device):
    """What there is of a motor record; Ophyd's attribute names where Ophyd has them.

    The first are connected with the device. The others are when they are first asked for, which raises
    `NotConnectedError` where the record has no such field.
    """

    user_readback: SignalR[float] = pv(".RBV", kind=Kind.hinted, primary=True)
    user_setpoint: SignalRW[float] = pv(".VAL")

    user_offset: SignalRW[float] = pv(".OFF", kind=Kind.config)
    user_offset_dir: SignalRW[str] = pv(".DIR", kind=Kind.config)
    offset_freeze_switch: SignalRW[str] = pv(".FOFF", kind=Kind.omitted)
    set_use_switch: SignalRW[str] = pv(".SET", kind=Kind.omitted)

    velocity: SignalRW[float] = pv(".VELO", kind=Kind.config)
    max_velocity: SignalRW[float] = pv(".VMAX", kind=Kind.omitted)
    acceleration: SignalRW[float] = pv(".ACCL", kind=Kind.config)
    backlash_distance: SignalRW[float] = pv(".BDST", kind=Kind.omitted)
    motor_egu: SignalRW[str] = pv(".EGU", kind=Kind.config)
    precision: SignalRW[int] = pv(".PREC", kind=Kind.omitted)
    resolution: SignalRW[float] = pv(".MRES", kind=Kind.omitted)
    deadband: SignalRW[float] = pv(".RDBD", kind=Kind.omitted)
    output_link: SignalR[str] = pv(".OUT", kind=Kind.omitted)

    motor_is_moving: SignalR[bool] = pv(".MOVN", kind=Kind.omitted)
    motor_done_move: SignalR[bool] = pv(".DMOV", kind=Kind.omitted)
    direction_of_travel: SignalR[int] = pv(".TDIR", kind=Kind.omitted)
    # An unsigned 32-bit field: Channel Access carries it as a double.
    motor_status: SignalR[float] = pv(".MSTA", kind=Kind.omitted)

    high_limit_switch: SignalR[bool] = pv(".HLS", kind=Kind.omitted)
    low_limit_switch: SignalR[bool] = pv(".LLS", kind=Kind.omitted)
    high_limit_travel: SignalRW[float] = pv(".HLM", kind=Kind.omitted)
    low_limit_travel: SignalRW[float] = pv(".LLM", kind=Kind.omitted)
    dial_high_limit_travel: SignalRW[float] = pv(".DHLM", kind=Kind.omitted)
    dial_low_limit_travel: SignalRW[float] = pv(".DLLM", kind=Kind.omitted)
    soft_limit_violation: SignalR[bool] = pv(".LVIO", kind=Kind.omitted)

    motor_stop: SignalW[bool] = pv(".STOP", kind=Kind.omitted, completion=False)
    home_forward: SignalW[bool] = pv(".HOMF", kind=Kind.omitted)
    home_reverse: SignalW[bool] = pv(".HOMR", kind=Kind.omitted)

    dial_readback: SignalR[float] = _on_demand(".DRBV")
    dial_setpoint: SignalRW[float] = _on_demand(".DVAL")
    raw_readback: SignalR[int] = _on_demand(".RRBV")
    raw_setpoint: SignalRW[int] = _on_demand(".RVAL")
    relative_setpoint: SignalRW[float] = _on_demand(".RLV")
    following_error: SignalR[float] = _on_demand(".DIFF")
    synchronize: SignalRW[bool] = _on_demand(".SYNC")

    base_velocity: SignalRW[float] = _on_demand(".VBAS")
    home_velocity: SignalRW[float] = _on_demand(".HVEL")
    jog_velocity: SignalRW[float] = _on_demand(".JVEL")
    jog_acceleration: SignalRW[float] = _on_demand(".JAR")
    backlash_velocity: SignalRW[float] = _on_demand(".BVEL")
    backlash_acceleration: SignalRW[float] = _on_demand(".BACC")

    jog_forward: SignalRW[bool] = _on_demand(".JOGF")
    jog_reverse: SignalRW[bool] = _on_demand(".JOGR")
    tweak_value: SignalRW[float] = _on_demand(".TWV")
    tweak_forward: SignalRW[bool] = _on_demand(".TWF")
    tweak_reverse: SignalRW[bool] = _on_demand(".TWR")
    stop_go: SignalRW[str] = _on_demand(".SPMG", completion=False)

    retry_max: SignalRW[int] = _on_demand(".RTRY")
    retry_count: SignalR[int] = _on_demand(".RCNT")
    retry_mode: SignalRW[str] = _on_demand(".RMOD")
    retries_exhausted: SignalR[bool] = _on_demand(".MISS")
    settle_time: SignalRW[float] = _on_demand(".DLY")

    at_home: SignalR[bool] = _on_demand(".ATHM")
    use_encoder: SignalRW[str] = _on_demand(".UEIP")
    encoder_resolution: SignalRW[float] = _on_demand(".ERES")
    steps_per_revolution: SignalRW[int] = _on_demand(".SREV")
    units_per_revolution: SignalRW[float] = _on_demand(".UREV")
    torque_enable: SignalRW[str] = _on_demand(".CNEN")
    limit_severity: SignalRW[str] = _on_demand(".HLSV")
    status_update: SignalW[str] = _on_demand(".STUP")
