"""Samples: what brings them into the beam, and turns them there."""

from collections.abc import Mapping, Sequence
from typing import Any

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import sub
from beamtwin.hardware.motor import Motor
from beamtwin.hardware.presets import PresetStage

__all__ = ["RotationStage", "SampleChanger"]


class SampleChanger(PresetStage):
    """Samples on a motor, set by their names: ``changer.set("silica")``.

    Parameters
    ----------
    samples : mapping of str to float, or sequence of str
        Where they are; a sequence is of equally spaced ones.
    first, spacing : float
        Of a sequence.
    """

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        samples: Mapping[str, float] | Sequence[str],
        first: float = 0.0,
        spacing: float = 10.0,
        tolerance: float = 0.5,
        parent: Any = None,
    ):
        if not isinstance(samples, Mapping):
            samples = {sample: first + spacing * n for n, sample in enumerate(samples)}
        super().__init__(
            prefix, name, transport, positions=samples, tolerance=tolerance, parent=parent
        )


class RotationStage(AxisGroup):
    """A rotation under a centring stage, as for tomography."""

    axes = ("theta", "x", "y", "z")

    theta: Motor = sub("-Ax:Th}Mtr")
    x: Motor = sub("-Ax:X}Mtr")
    y: Motor = sub("-Ax:Y}Mtr")
    z: Motor = sub("-Ax:Z}Mtr")
