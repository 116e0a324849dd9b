"""``epics.Motor``, ``epics.caget`` and ``epics.caput``, of pyepics: prints what it finds as JSON."""

import json
import sys
import threading
from typing import Any


def main(name: str) -> dict[str, Any]:
    import epics

    pause = threading.Event()
    motor: Any = epics.Motor(name, timeout=10.0)

    def caget(*fields: str) -> list[Any]:
        return [epics.caget(f"{name}.{field}") for field in fields]

    found: dict[str, Any] = {"caget": caget("EGU", "HLM", "RTYP", "MSTA")}
    motor.move(3.0, wait=True)
    found["move"] = motor.get("RBV"), motor.get("DMOV")
    motor.move(1.0, relative=True, wait=True)
    found["relative"] = motor.get("RBV")

    found["limits"] = motor.move(99.0, wait=True), motor.within_limits(99.0)
    epics.caput(f"{name}.VAL", 99.0, wait=True)
    found["refused"] = caget("LVIO", "VAL")

    motor.move(44.0)
    pause.wait(0.2)
    found["moving"] = caget("DMOV", "MOVN")
    motor.stop()
    pause.wait(0.2)
    found["stop"] = caget("VAL", "RBV", "DMOV")

    epics.caput(f"{name}.JOGR", 1)
    pause.wait(0.2)
    found["jogging"] = caget("JOGR", "DMOV")
    epics.caput(f"{name}.JOGR", 0)
    pause.wait(0.2)
    found["jogged"] = caget("JOGR", "DMOV")

    epics.caput(f"{name}.HOMR", 1, wait=True)
    found["home"] = caget("RBV", "ATHM")
    motor.tweak(direction="forward", wait=True)
    found["tweak"] = caget("RBV")
    motor.set_position(10.0)
    pause.wait(0.1)
    found["set_position"] = caget("RBV", "OFF", "SET")
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
