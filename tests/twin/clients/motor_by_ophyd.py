"""``ophyd.EpicsMotor``, on pyepics or on caproto (OPHYD_CONTROL_LAYER): prints what it finds as JSON."""

import json
import os
import sys
import threading
import warnings
from typing import Any


def main(name: str) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    from ophyd import EpicsMotor, EpicsSignal
    from ophyd.utils import LimitError

    pause = threading.Event()
    motor: Any = EpicsMotor(name, name="m")
    jog: Any = EpicsSignal(f"{name}.JOGR", name="jog")
    tweak: Any = EpicsSignal(f"{name}.TWF", name="tweak", put_complete=True)
    for each in (motor, jog, tweak):
        each.wait_for_connection(timeout=30)
    key = motor.describe()["m"]
    found: dict[str, Any] = {"describe": (key["units"], key["precision"], key["upper_ctrl_limit"])}

    motor.move(3.0, wait=True, timeout=10)
    found["move"] = motor.position, motor.moving, motor.user_setpoint.get()
    try:
        motor.move(99.0)
    except LimitError:
        found["limits"] = list(motor.limits)

    status = motor.move(43.0, wait=False)
    pause.wait(0.2)
    found["moving"] = motor.moving
    motor.stop()
    status.wait(10)
    found["stop"] = motor.user_readback.get(), motor.user_setpoint.get()

    jog.put(1)
    pause.wait(0.2)
    found["jogging"] = jog.get(), motor.motor_done_move.get()
    jog.put(0)
    pause.wait(0.2)
    found["jogged"] = jog.get(), motor.motor_done_move.get()

    motor.home("reverse", wait=True, timeout=10)
    found["home"] = motor.user_readback.get()
    tweak.set(1).wait(10)
    found["tweak"] = motor.user_readback.get()
    motor.set_current_position(7.0)
    pause.wait(0.1)
    found["set_position"] = motor.user_readback.get(), motor.set_use_switch.get()
    motor.move(8.0, wait=True, timeout=10)
    found["after"] = motor.position
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)
    os._exit(0)  # its threads complain of each other's ends
