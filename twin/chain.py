"""From a beamline to the light on a plane, at any level of truth."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path as FilePath
from threading import Lock
from time import process_time

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.blas import one_thread
from beamtwin.twin.cache import DiskTier, PlaneCache
from beamtwin.twin.diagnostics.coherence import Coherence, coherence
from beamtwin.twin.levels import closed, electrons, separable, srw2d, wave
from beamtwin.twin.levels.level import FieldCache, Level, Light, Pattern
from beamtwin.twin.levels.path import Path, optical_path
from beamtwin.twin.levels.sources import check_source

__all__ = ["LEVELS", "Irradiance", "coherence_job", "evaluate", "evaluate_job"]

Model = Callable[[Beamline, str, FieldCache], Light]


@dataclass(frozen=True, eq=False)
class Irradiance(Light):
    """Light on a plane, and who says so."""

    level: str
    cpu_s: float
    """What it cost: processor time of this process, with whatever was not in the cache."""

    @property
    def outside(self) -> float:
        """The fraction of the flux that falls beside the detector."""
        return 1 - float(self.photons_s.sum()) / self.flux_ph_s if self.flux_ph_s else 0.0


def evaluate(
    beamline: Beamline,
    plane: str = "detector",
    level: str = "fast",
    cache: FieldCache | None = None,
) -> Irradiance:
    """The light on a plane. The same bits for the same arguments, however many cores there are.

    Parameters
    ----------
    plane : str
        The name of a detector, or of an aperture for the light just behind it.
    level : str
        One of `LEVELS`.
    cache : FieldCache, optional
        What may be kept from call to call: a slit's move then costs only what is behind the slit.

    Raises
    ------
    BeamlineError
        Where the level, the plane or the way there does not exist.
    LimitsError
        Where the undulator's gap lies outside its table.
    """
    if level not in LEVELS:
        raise BeamlineError(f"there is no level {level!r}; there are: {', '.join(LEVELS)}")
    check_source(beamline, level)
    begun_s = process_time()
    with one_thread():
        light = LEVELS[level](beamline, plane, FieldCache() if cache is None else cache)
    values = {field.name: getattr(light, field.name) for field in fields(Light)}
    return Irradiance(**values, level=level, cpu_s=process_time() - begun_s)


def evaluate_job(
    beamline: Beamline, plane: str, level: str, folder: FilePath | None = None
) -> Irradiance:
    """`evaluate` for a pool of processes: each keeps a cache of its own for as long as it lives.

    Parameters
    ----------
    folder : path, optional
        Of planes on disk, which processes share; see `DiskTier`.
    """
    fields, lock = _process_cache(folder)
    with lock:
        return evaluate(beamline, plane, level, fields)


def coherence_job(
    beamline: Beamline, plane: str, folder: FilePath | None = None
) -> tuple[Coherence, Coherence]:
    """`coherence` for a pool of processes, as `evaluate_job` is: with the same cache."""
    fields, lock = _process_cache(folder)
    with lock, one_thread():
        return coherence(beamline, plane, fields)


@cache
def _process_cache(folder: FilePath | None) -> tuple[FieldCache, Lock]:
    """A cache belongs to one thread at a time, and the worker of a cluster may have several."""
    disk = None if folder is None else DiskTier(folder)
    return FieldCache(planes=PlaneCache(disk=disk)), Lock()


def _through_slit(level: Level, beamline: Beamline, plane: str, kept: FieldCache) -> Light:
    """What a level says that knows one slit."""
    path = optical_path(beamline, plane)
    flux_ph_s = level.flux(path, kept) * path.efficiency if path.is_open else 0.0
    pattern, x_m, y_m = (
        _behind_slit(path) if path.detector is None else _on_screen(path, level, kept)
    )
    return Light(
        photons_s=pattern.fractions * flux_ph_s,
        x_m=x_m,
        y_m=y_m,
        flux_ph_s=flux_ph_s,
        mesh=pattern.mesh,
        flux_error=level.flux_error,
        pattern_error=pattern.error,
    )


def _behind_slit(path: Path) -> tuple[Pattern, np.ndarray, np.ndarray]:
    opening = Pattern(fractions=np.ones((1, 1)), mesh="the opening as one pixel", error=0.0)
    return opening, np.array([path.x.center_m]), np.array([path.y.center_m])


def _on_screen(
    path: Path, level: Level, kept: FieldCache
) -> tuple[Pattern, np.ndarray, np.ndarray]:
    screen = path.screen
    if path.is_open:
        pattern = level.pattern(path, kept)
    else:
        dark = np.zeros((screen.rows, screen.columns))
        pattern = Pattern(fractions=dark, mesh="none: the slit is closed", error=0.0)
    return pattern, screen.x_m, screen.y_m


#: By the name that the command line knows. Their modules say what each leaves out.
LEVELS: dict[str, Model] = {
    "fast": partial(_through_slit, closed.LEVEL),
    "wave": partial(_through_slit, wave.LEVEL),
    "coherent": partial(separable.light, coherent=True),
    "modes": separable.light,
    "srw": srw2d.light,
    "electrons": electrons.light,
}
