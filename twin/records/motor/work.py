"""What a motor record has to do, as its fields say: motorRecord.cc's do_work()."""

from beamtwin.twin.records.motor.bits import Mip
from beamtwin.twin.records.motor.controller import begin_jog, search_home, synchronise
from beamtwin.twin.records.motor.coordinates import call_position, keep_dead_band, rename_user
from beamtwin.twin.records.motor.state import MotorState, Spmg, Stup
from beamtwin.twin.records.motor.travel import go_to_target

__all__ = ["home", "work"]


def work(motor: MotorState, answered: bool) -> None:
    """Begin, stop or resume what the fields ask for.

    Parameters
    ----------
    answered : bool
        The controller has said something; else a client has written.
    """
    values = motor.values
    if values["STUP"] == Stup.ON:
        _update_status(motor)
    if (values["SPMG"] != values["LSPG"] or values["STOP"]) and _obey_switch(motor):
        return
    if motor.is_marked("MRES", "ERES", "UEIP"):
        _rescale(motor)
    elif values["OMSL"] and "DOL" in motor.links:
        if _obey_link(motor):
            _obey_target(motor, answered)
    elif not _obey_buttons(motor):
        _collect_targets(motor)
        _obey_target(motor, answered)


def _update_status(motor: MotorState) -> None:
    motor.set("STUP", Stup.BUSY)
    motor.answers = True


def _obey_switch(motor: MotorState) -> bool:
    """STOP, and SPMG where it has changed; returns whether that is all."""
    values = motor.values
    stop = bool(values["STOP"])
    if values["SPMG"] != values["LSPG"]:
        values["LSPG"] = values["SPMG"]
    else:
        motor.set("STOP", 0)
    if stop or values["SPMG"] <= Spmg.PAUSE:
        _stop(motor, to_stay=stop or values["SPMG"] == Spmg.STOP)
        return True
    if values["SPMG"] == Spmg.MOVE:
        motor.set_mip(Mip.DONE)
        motor.set("RCNT", 0)
    elif (values["JOGF"] and not values["HLS"]) or (values["JOGR"] and not values["LLS"]):
        motor.set_mip(Mip.JOG_REQ)
    elif values["MIP"] == Mip.STOP:
        motor.set_mip(Mip.DONE)
    return False


def _stop(motor: MotorState, to_stay: bool) -> None:
    values = motor.values
    mip = values["MIP"]
    if to_stay and (mip == Mip.DONE or mip & (Mip.STOP | Mip.RETRY)):
        if mip & Mip.RETRY:
            motor.set_mip(Mip.DONE)
            motor.set("DMOV", 1)
        motor.axis.stop()  # just in case
        return
    if to_stay and values["MOVN"]:
        values["PP"] = 1
        motor.clear_buttons()
    elif to_stay:
        synchronise(motor)
    if mip & Mip.HOME:
        motor.clear_buttons()
    if not mip & Mip.DELAY_REQ:  # else it would wait for ever
        motor.set_mip(Mip.STOP)
    motor.axis.stop()


def _rescale(motor: MotorState) -> None:
    """MRES, ERES or UEIP has changed: in use, the counters are set so that the dial keeps its value."""
    values = motor.values
    if motor.axis.encoder is not None and values["ERES"] == 0.0:
        motor.set("ERES", values["MRES"])
    keep_dead_band(motor)
    if motor.is_set_mode:
        values["PP"] = 1
        motor.answers = True
    elif not values["MIP"] & Mip.LOAD_P:
        call_position(motor)


def _obey_link(motor: MotorState) -> bool:
    """Take VAL from DOL; whether that was there."""
    target = motor.links["DOL"].number()
    motor.values["UDF"] = int(target is None)
    if target is not None:
        motor.values["VAL"] = target
    return target is not None


def _obey_buttons(motor: MotorState) -> bool:
    """Home and jog; returns whether that is all."""
    values = motor.values
    mip = values["MIP"]
    if (values["HOMF"] or values["HOMR"]) and _may_home(motor):
        _begin_home(motor)
    elif mip & Mip.JOG_REQ and not mip & Mip.JOG and values["SPMG"] > Spmg.PAUSE:
        _begin_jog(motor)
    elif mip & (Mip.JOGF | Mip.JOGR) and not mip & Mip.JOG_REQ:
        values["PP"] = 1
        values["MIP"] = mip & ~(Mip.JOGF | Mip.JOGR) | Mip.JOG_STOP
        motor.axis.stop()
    else:
        return bool(mip & (Mip.JOG_STOP | Mip.JOG_BL1 | Mip.JOG_BL2))
    return True


def _may_home(motor: MotorState) -> bool:
    """Whether a search for home is asked for that is not under way, nor blocked by a limit switch."""
    values = motor.values
    high, low = ("HLS", "LLS") if values["DIR"] == 0 else ("LLS", "HLS")
    return bool(
        (values["HOMF"] and not values["MIP"] & Mip.HOMF and not values[high])
        or (values["HOMR"] and not values["MIP"] & Mip.HOMR and not values[low])
    )


def _begin_home(motor: MotorState) -> None:
    values = motor.values
    if values["SPMG"] <= Spmg.PAUSE:
        motor.set("DMOV", 0)
        return
    mip = Mip.HOMF if values["HOMF"] else Mip.HOMR
    values["PP"] = 1
    if values["MOVN"]:
        motor.set_mip(mip | Mip.STOP)
        motor.axis.stop()
    else:
        motor.set_mip(mip)
        home(motor)


def home(motor: MotorState) -> None:
    """Search for the home switch."""
    values = motor.values
    motor.set("DMOV", 0)
    motor.set("RCNT", 0)
    values["PP"] = 1
    values["CDIR"] = int(bool(values["MIP"] & Mip.HOMF) != (values["MRES"] < 0.0))
    search_home(motor)


def _begin_jog(motor: MotorState) -> None:
    values = motor.values
    if motor.jogs_too_far("VAL"):
        motor.set("LVIO", 1)
        motor.clear_jog()
        return
    forwards = bool(values["JOGF"])
    values["PP"] = 1
    if values["MOVN"]:
        motor.set_mip((Mip.JOGF if forwards else Mip.JOGR) | Mip.STOP)
        motor.axis.stop()
        return
    motor.set_mip(Mip.JOGF if forwards else Mip.JOGR)
    motor.set("DMOV", 0)
    values["CDIR"] = int((forwards == (values["MRES"] > 0.0)) == (values["DIR"] == 0))
    begin_jog(motor)


def _collect_targets(motor: MotorState) -> None:
    """Tweaks, relative and raw targets become targets in user or dial coordinates."""
    values = motor.values
    if values["TWF"] or values["TWR"]:
        values["VAL"] += values["TWV"] if values["TWF"] else -values["TWV"]
        for button in ("TWF", "TWR"):
            if values[button]:
                values[button] = 0
                motor.notify(button)
    if values["RLV"] != values["LRLV"]:
        values["VAL"] += values["RLV"]
        motor.set("RLV", 0.0)
        values["LRLV"] = 0.0
    if values["RVAL"] != values["LRVL"]:
        values["DVAL"] = values["RVAL"] * values["MRES"]


def _obey_target(motor: MotorState, answered: bool) -> None:
    values = motor.values
    if values["VAL"] != values["LVAL"]:
        motor.mark("VAL")
        if motor.is_set_mode and not values["FOFF"]:
            rename_user(motor)
            return
        values["DVAL"] = motor.dial_of(values["VAL"])
    if values["SPMG"] <= Spmg.PAUSE:
        return
    if values["DVAL"] != values["LDVL"] or not values["DMOV"]:
        go_to_target(motor)
    elif values["SYNC"] and values["MIP"] == Mip.DONE:
        synchronise(motor)
        motor.post("SYNC", 0)
    elif not answered and values["STUP"] == Stup.OFF:
        _update_status(motor)
