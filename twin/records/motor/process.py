"""What a motor record does when it processes: motorRecord.cc's process(), postProcess() and maybeRetry().

The record processes when a client has written a field, when the controller says something, and when the time to settle
(DLY) is over.
"""

from beamtwin.twin.menus import STATUSES
from beamtwin.twin.records.motor.bits import Mip, Msta
from beamtwin.twin.records.motor.controller import measure
from beamtwin.twin.records.motor.state import MotorState, Rmod, Spmg, Stup
from beamtwin.twin.records.motor.travel import take_out_backlash
from beamtwin.twin.records.motor.work import home, work

__all__ = ["alarm", "process"]

MAJOR, INVALID = 2, 3
HIGH, LOW, COMM, STATE, UDF = (
    STATUSES.index(name) for name in ("HIGH", "LOW", "COMM", "STATE", "UDF")
)


def process(motor: MotorState, answered: bool) -> None:
    """One turn of the record.

    Parameters
    ----------
    answered : bool
        The controller has said something; else a client has written.
    """
    values = motor.values
    if not answered or _follow(motor):
        _watch_limits(motor)
        if (
            not answered
            or values["DMOV"]
            or values["STOP"]
            or values["SPMG"] <= Spmg.PAUSE
            or values["MIP"] & Mip.RETRY
        ):
            work(motor, answered)
        _pass_on_readback(motor)
    if answered and values["STUP"] == Stup.BUSY:
        motor.set("STUP", Stup.OFF)


def _pass_on_readback(motor: MotorState) -> None:
    link = motor.links.get("RLNK")
    if link is not None:
        link.put(motor.values["RBV"])


def _follow(motor: MotorState) -> bool:
    """Take up what the controller says; returns whether there is more to do now."""
    values = motor.values
    measure(motor)
    if values["MOVN"]:
        if values["DMOV"]:  # something else has started it
            motor.set("DMOV", 0)
            motor.set_mip(values["MIP"] | Mip.EXTERNAL)
            values["PP"] = 1
        if _goes_astray(motor):
            motor.axis.stop()
            motor.set_mip(values["MIP"] | Mip.STOP)
            values["PP"] = 0
        return True
    return values["STUP"] == Stup.BUSY or _end(motor)


def _goes_astray(motor: MotorState) -> bool:
    """Whether the target has changed to where the motor comes from."""
    values = motor.values
    return bool(
        values["NTM"]
        and values["MIP"] & (Mip.MOVE | Mip.RETRY)
        and not values["MIP"] & Mip.STOP
        and (values["RDIF"] >= 0) != bool(values["CDIR"])
        and abs(values["DIFF"]) > values["NTMF"] * (abs(values["BDST"]) + values["RDBD"])
    )


def _end(motor: MotorState) -> bool:
    """The motor stands still: is the motion over? Returns whether there is more to do now."""
    values = motor.values
    if not values["DMOV"]:
        motor.set("DMOV", 1)
        if values["MIP"] in (Mip.JOGF, Mip.JOGR):  # it was not the record that stopped it
            motor.set_mip(Mip.DONE)
            motor.clear_buttons()
            values["PP"] = 1
    if values["MIP"] != Mip.DONE and motor.at_switch:
        motor.not_done_yet()
        motor.answers = True
        values["PP"] = 1
        motor.set_mip(Mip.DONE)
        return False
    if values["PP"] and not _finish(motor):
        return True
    if motor.at_switch or values["MIP"] == Mip.LOAD_P:
        motor.set_mip(Mip.DONE)
        return True
    return not values["DMOV"] or _settle(motor)


def _finish(motor: MotorState) -> bool:
    """What is to be done after a motion; False where another target has been set since."""
    values = motor.values
    mip = values["MIP"]
    if values["VAL"] != values["LVAL"] and not mip & (Mip.STOP | Mip.JOG_STOP):
        if mip in (Mip.HOMF, Mip.HOMR):
            motor.clear_buttons()
        values["MIP"] = Mip.DONE
        return False
    _post_process(motor)
    return True


def _settle(motor: MotorState) -> bool:
    """Let the readback settle for DLY seconds, then see whether it is there; returns whether to go on now."""
    values = motor.values
    mip = values["MIP"]
    if mip & Mip.DELAY_ACK and not mip & Mip.DELAY_REQ:
        values["MIP"] |= Mip.DELAY
        motor.answers = True
        motor.not_done_yet()
        return False
    if mip & Mip.DELAY_ACK or values["DLY"] <= 0.0:
        if values["STUP"] != Stup.ON and mip != Mip.DONE:
            motor.set_mip(mip & ~Mip.DELAY)
            _maybe_retry(motor)
        return True
    if motor.is_marked("DMOV"):
        if not mip & Mip.DELAY_REQ:
            _wait(motor)
        motor.not_done_yet()
        return False
    return True


def _wait(motor: MotorState) -> None:
    motor.set_mip(motor.values["MIP"] | Mip.DELAY_REQ)
    motor.settles = True


def _post_process(motor: MotorState) -> None:
    """After a stop, a jog, a search for home, a limit switch, or the first part of a move."""
    values = motor.values
    values["PP"] = 0
    if not values["MIP"] & Mip.TO_TARGET and not values["OMSL"]:
        motor.make_target_of_readback()
    mip = values["MIP"]
    if mip & Mip.LOAD_P:
        values["MIP"] = Mip.DONE
    elif mip & Mip.HOME:
        _end_home(motor)
    elif mip & (Mip.JOG_STOP | Mip.MOVE | Mip.JOG_BL1):
        take_out_backlash(motor)
    motor.remember_target()
    motor.set_mip(values["MIP"] & ~Mip.STOP)


def _end_home(motor: MotorState) -> None:
    mip = motor.values["MIP"]
    if mip & Mip.STOP:  # it had to be stopped first
        motor.values["MIP"] = mip & ~Mip.STOP
        home(motor)
    else:
        motor.values["MIP"] = mip & ~Mip.HOME
        motor.set("HOMF" if mip & Mip.HOMF else "HOMR", 0)


def _maybe_retry(motor: MotorState) -> None:
    """Once more, where it has come to rest too far from the target."""
    values = motor.values
    forwards = bool(values["CDIR"]) == (values["DIR"] == (values["MRES"] < 0))
    blocked = values["HLS"] if forwards else values["LLS"]
    if abs(values["DIFF"]) < values["RDBD"] or blocked:
        motor.set_mip(values["MIP"] & Mip.JOG_REQ)
        if values["MISS"]:
            motor.set("MISS", 0)
        if values["SPMG"] == Spmg.MOVE:
            motor.set("SPMG", Spmg.PAUSE)
    elif values["RTRY"] == 0:
        motor.set_mip(values["MIP"] & Mip.JOG_REQ)
    else:
        _retry(motor)


def _retry(motor: MotorState) -> None:
    values = motor.values
    motor.set("RCNT", values["RCNT"] + 1)
    if values["RCNT"] <= values["RTRY"]:
        motor.not_done_yet()
        motor.set_mip(Mip.RETRY)
        if values["RMOD"] == Rmod.IN_POSITION:
            _wait(motor)
        return
    wants_jog = (values["JOGF"] and not values["HLS"]) or (values["JOGR"] and not values["LLS"])
    motor.set_mip(Mip.JOG_REQ if wants_jog else Mip.DONE)
    motor.remember_target()
    motor.set("MISS", 1)


def _watch_limits(motor: MotorState) -> None:
    """A jog stops a second before a soft limit; a search for home heeds none."""
    values = motor.values
    mip, before = values["MIP"], values["LVIO"]
    if motor.is_unlimited or mip & Mip.HOME:
        beyond = 0
    elif mip & Mip.JOG:
        beyond = int(motor.jogs_too_far("RBV"))
    else:
        return
    if beyond != before:
        motor.set("LVIO", beyond)
        if beyond and not motor.is_set_mode:
            motor.set("STOP", 1)
            motor.clear_buttons()


def alarm(motor: MotorState) -> tuple[int, int]:
    """Severity and status: of limits where HLSV says so, else of what MSTA says."""
    values = motor.values
    severity, status = values["HLSV"], int(values["MSTA"])
    if values["UDF"]:
        return INVALID, UDF
    if severity and (values["HLS"] or values["DVAL"] > values["DHLM"]):
        return severity, HIGH
    if severity and (values["LLS"] or values["DVAL"] < values["DLLM"]):
        return severity, LOW
    if status & Msta.COMM_ERR:
        motor.set("MSTA", float(status & ~Msta.COMM_ERR))
        return INVALID, COMM
    if status & (Msta.SLIP_STALL | Msta.PROBLEM):
        return MAJOR, STATE
    return 0, 0
