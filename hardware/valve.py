"""Valves, and what else compressed air moves."""

from collections.abc import Mapping

from beamtwin.hardware.two_state import EPSTwoState

__all__ = ["GateValve", "PneumaticActuator"]


class GateValve(EPSTwoState):
    """A gate valve of the vacuum system, under equipment protection."""


class PneumaticActuator(EPSTwoState):
    """What is in the beam or out of it: a screen, a diode, a filter. Its "open" is in."""

    words: Mapping[str, bool] = {"Insert": True, "Retract": False}
