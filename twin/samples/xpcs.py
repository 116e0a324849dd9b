"""A suspension in a coherent beam, as it stands at any time: what an XPCS measurement looks at."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from beamtwin.orchestration.errors import LimitsError
from beamtwin.twin.checks import check_at_least_zero
from beamtwin.twin.constants import HC_EV_M
from beamtwin.twin.elements import Detector
from beamtwin.twin.samples.brownian import diffuse, scatter
from beamtwin.twin.samples.speckle import speckle
from beamtwin.twin.samples.suspension import Suspension

__all__ = ["BrownianSample"]


class BrownianSample:
    """Spheres that stand for all that are in the beam, and have moved by the time they are looked at.

    How strongly the suspension scatters is the suspension's; the spheres give it its speckle. That is that of any large
    number of spheres without correlations, so a thousand do for the millions that there are.

    Parameters
    ----------
    suspension : Suspension
    z_m : float
        Where along the beam.
    count : int
        Of the spheres.
    box_m : (float, float, float)
        Where they are: the beam's width, its height, the sample's thickness.
    diffusion_m2_s : float
        `beamtwin.twin.samples.brownian.diffusion_m2_s`.
    noise : numpy.random.Generator
        Of where they are, and how they move.
    field : callable, optional
        Gives the light's field, shape (modes, count), at positions (count, 3): partial coherence. By default, the same
        light is everywhere.
    """

    def __init__(
        self,
        suspension: Suspension,
        z_m: float,
        *,
        count: int,
        box_m: tuple[float, float, float],
        diffusion_m2_s: float,
        noise: np.random.Generator,
        field: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        check_at_least_zero("sample", diffusion_m2_s=diffusion_m2_s)
        self._suspension = suspension
        self._z_m = z_m
        self._box_m = box_m
        self._diffusion_m2_s = diffusion_m2_s
        self._noise = noise
        self._field = field
        self._positions_m = scatter(count, box_m, noise)
        self._time_s: float | None = None

    def photons_s(
        self, flux_ph_s: float, detector: Detector, energy_eV: float, time_s: float
    ) -> np.ndarray:
        """Scattered light on a detector's pixels; shape (rows, columns). The direct beam is not in it.

        Parameters
        ----------
        flux_ph_s : float
            On the sample.
        detector : Detector
        energy_eV : float
        time_s : float
            Not before that of the last call.

        Raises
        ------
        LimitsError
            Where the detector stands before the sample, time runs backwards, or the flux is negative.
        """
        check_at_least_zero("sample", flux_ph_s=flux_ph_s)
        self._move_until(time_s)
        if not flux_ph_s:
            return np.zeros((detector.rows, detector.columns), np.float32)
        distance_m = detector.z_m - self._z_m
        modes = None if self._field is None else self._field(self._positions_m)
        light = speckle(
            self._positions_m,
            detector.x_m,
            detector.y_m,
            distance_m,
            HC_EV_M / energy_eV,
            modes,
        )
        light *= _mean(self._suspension, detector, distance_m, energy_eV)
        light *= np.float32(flux_ph_s)
        return light

    def state(self) -> dict[str, Any]:
        """What has to be kept for it to go on, as JSON can hold it; its stream is kept by who gave it."""
        return {"time_s": self._time_s, "positions_m": self._positions_m.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another was."""
        self._time_s = state["time_s"]
        self._positions_m = np.asarray(state["positions_m"])

    def _move_until(self, time_s: float) -> None:
        passed_s = 0.0 if self._time_s is None else time_s - self._time_s
        if not passed_s >= 0:
            raise LimitsError(f"sample: {time_s:g} s lies before {self._time_s:g} s, its own time")
        if passed_s:
            self._positions_m = diffuse(
                self._positions_m, self._diffusion_m2_s, passed_s, self._noise, self._box_m
            )
        self._time_s = time_s


@lru_cache(maxsize=2)
def _mean(
    suspension: Suspension, detector: Detector, distance_m: float, energy_eV: float
) -> np.ndarray:
    """Mean scattered fraction: the same for frame after frame, and as dear as a frame."""
    fraction = suspension.scattered_fraction(
        detector.x_m, detector.y_m, detector.pixel_m, distance_m, energy_eV
    )
    return fraction.astype(np.float32)
