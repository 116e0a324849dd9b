"""``ophyd_async.epics.motor.Motor``: prints what it finds as JSON."""

import asyncio
import json
import sys
from typing import Any


async def main(name: str) -> dict[str, Any]:
    from ophyd_async.epics.motor import Motor

    motor = Motor(name, name="m")
    await motor.connect(timeout=30)
    return {**(await moves(motor)), **(await flight(motor)), **(await buttons(motor, name))}


async def get(*signals: Any) -> list[Any]:
    return [await signal.get_value() for signal in signals]


async def moves(motor: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"describe": (await motor.describe())["m"]["units"]}
    await motor.set(3.0)
    found["move"] = await get(motor.user_readback, motor.motor_done_move)
    found["locate"] = await motor.locate()
    try:
        await motor.set(99.0)
    except Exception as error:
        found["limits"] = type(error).__name__
    status = motor.set(43.0)
    await asyncio.sleep(0.2)
    found["moving"] = await get(motor.motor_done_move)
    await motor.stop()
    try:
        await status
    except RuntimeError as error:
        found["stopped"] = type(error).__name__  # which is before it stands
    await asyncio.sleep(0.2)
    found["stop"] = await get(motor.user_readback, motor.user_setpoint)
    return found


async def flight(motor: Any) -> dict[str, Any]:
    from ophyd_async.core import FlyMotorInfo

    updates: list[Any] = []
    status = motor.set(0.0)
    status.watch(lambda **told: updates.append(told.get("current")))
    await status
    await motor.prepare(FlyMotorInfo(start_position=1.0, end_position=5.0, time_for_move=0.4))
    found = {"updates": len(updates) > 2, "prepared": await get(motor.velocity)}
    await motor.kickoff()
    await motor.complete()
    return {**found, "flown": await get(motor.user_readback)}


async def buttons(motor: Any, name: str) -> dict[str, Any]:
    from ophyd_async.epics.core import epics_signal_rw

    home, tweak = (epics_signal_rw(int, f"{name}.{field}") for field in ("HOMR", "TWF"))
    jog = epics_signal_rw(int, f"{name}.JOGF", wait=False)
    for each in (home, jog, tweak):
        await each.connect(timeout=30)
    found: dict[str, Any] = {}
    await home.set(1)
    found["home"] = await get(motor.user_readback)
    await tweak.set(1)
    found["tweak"] = await get(motor.user_readback)
    await jog.set(1)
    await asyncio.sleep(0.2)
    found["jogging"] = await get(motor.motor_done_move)
    await jog.set(0)
    await asyncio.sleep(0.2)
    found["jogged"] = await get(motor.motor_done_move)
    await motor.set_use_switch.set(True)
    await motor.user_setpoint.set(0.0)
    await motor.set_use_switch.set(False)
    return {**found, "set_position": await get(motor.user_readback)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))
