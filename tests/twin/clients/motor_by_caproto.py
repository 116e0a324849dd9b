"""caget and caput as caproto's synchronous client has them, without a repeater: prints what it finds as JSON."""

import json
import sys
import threading
from typing import Any


def main(name: str) -> dict[str, Any]:
    from caproto.sync.client import read, write

    pause = threading.Event()

    def caget(*fields: str, **options: Any) -> list[Any]:
        values = [
            read(f"{name}.{field}", repeater=False, timeout=20, **options).data[0]
            for field in fields
        ]
        return [value.decode() if isinstance(value, bytes) else value.item() for value in values]

    def caput(field: str, value: Any, wait: bool = True) -> None:
        write(f"{name}.{field}", value, notify=wait, repeater=False, timeout=20)

    found: dict[str, Any] = {"text": caget("DESC", "EGU", "RTYP")}
    about = read(f"{name}.VAL", data_type="control", repeater=False).metadata
    found["control"] = about.upper_ctrl_limit, about.lower_ctrl_limit, about.precision
    found["types"] = [
        read(f"{name}.{field}", repeater=False).data_type.name
        for field in ("VAL", "DMOV", "RRBV", "MSTA", "FRAC", "EGU")
    ]

    caput("VAL", 3.0)
    found["move"] = caget("RBV", "DMOV", "MOVN")
    caput("VAL", 99.0)
    found["refused"] = caget("VAL", "LVIO")

    caput("VAL", 43.0, wait=False)
    pause.wait(0.2)
    found["moving"] = caget("DMOV", "MOVN")
    caput("STOP", 1, wait=False)
    pause.wait(0.2)
    found["stop"] = caget("VAL", "RBV", "DMOV")

    caput("JOGF", 1, wait=False)
    pause.wait(0.2)
    found["jogging"] = caget("JOGF", "DMOV")
    caput("JOGF", 0, wait=False)
    pause.wait(0.2)
    found["jogged"] = caget("JOGF", "DMOV")

    caput("HOMF", 1)
    found["home"] = caget("RBV", "ATHM", "HOMF")
    for field in ("TWF", "TWF", "TWR"):
        caput(field, 1)
    found["tweak"] = caget("RBV", "TWF")

    caput("SET", "Set")
    caput("VAL", 0.0)
    caput("SET", "Use")
    found["set_position"] = caget("RBV", "OFF", "DVAL")
    caput("RLV", -1.0)
    found["relative"] = caget("RBV", "RLV")
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
