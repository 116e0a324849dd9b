"""SRW's two-dimensional field of one electron, and what it meets at each place.

Parabolic phases, openings and free space are SRW's; heights and absorption are multiplied onto the field. Nothing
that SRW would crash on reaches it: see `check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.emission import Shining
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.srw_sources import emit
from beamtwin.twin.levels.thin import EVERYWHERE, Thin
from beamtwin.twin.ring import Electron

__all__ = ["Field", "Stage", "check", "emitted", "pass_through"]

#: A slit snaps to points: with fewer in it, its width is anybody's guess.
FEWEST_CELLS = 8

#: In one direction: SRW crashes where its resizing leaves next to nothing.
FEWEST_POINTS = 32

#: 16 bytes each, and SRW needs the double on the way.
MOST_POINTS = 40_000_000

#: Points that SRW's own choice of a mesh begins from: from fewer, it ends up with too few.
LEAST_ALLOCATED = (100, 100)

#: What SRW takes for no lens.
NO_LENS_M = 1e23


@dataclass(frozen=True)
class Stage:
    """One place: its elements, its mesh, and the free space behind it."""

    names: tuple[str, ...]
    acts: tuple[Thin, ...]
    resize: Resize
    drift_m: float


@dataclass
class Field:
    """SRW's wavefront, which changes in place, and the largest part of an opening that a step of its mesh was."""

    wavefront: Any
    snapping: float = 0.0


def emitted(shining: Shining, grid: Grid, electron: Electron | None = None) -> Field:
    """The field of one electron in the plane of the first element, on SRW's own choice of points."""
    library = srw.library()
    wavefront = library.SRWLWfr()
    wavefront.allocate(1, *LEAST_ALLOCATED)
    mesh = wavefront.mesh
    mesh.zStart = shining.z_m
    mesh.eStart = mesh.eFin = shining.energy_eV
    mesh.xStart, mesh.xFin = -grid.x_window_m / 2, grid.x_window_m / 2
    mesh.yStart, mesh.yFin = -grid.y_window_m / 2, grid.y_window_m / 2
    wavefront.partBeam = srw.electron_beam(shining.beam, shining.source)
    if electron is not None:
        _displace(wavefront.partBeam.partStatMom1, electron)
    emit(wavefront, shining, grid.sampling)
    return Field(wavefront)


def _displace(particle: Any, electron: Electron) -> None:
    """From the middle of the straight to where SRW begins, there is free space."""
    particle.xp, particle.yp = electron.x_angle_rad, electron.y_angle_rad
    particle.x = electron.x_m + particle.z * electron.x_angle_rad
    particle.y = electron.y_m + particle.z * electron.y_angle_rad
    particle.gamma *= 1 + electron.energy


def pass_through(stage: Stage, field: Field) -> None:
    """Take the field through a place and the free space behind it.

    Raises
    ------
    MeshError
        See `check`.
    """
    for element, parameters in _steps(stage, field):
        _propagate(field.wavefront, element, parameters)


def _propagate(wavefront: Any, element: Any, parameters: list[float]) -> None:
    library = srw.library()
    library.srwl.PropagElecField(wavefront, library.SRWLOptC([element], [parameters]))


def _steps(stage: Stage, field: Field) -> Iterator[tuple[Any, list[float]]]:
    """SRW's elements of one place, each with its propagation parameters; the field is changed in between."""
    library, resize = srw.library(), stage.resize
    opening = (
        _common([act.x.opening for act in stage.acts]),
        _common([act.y.opening for act in stage.acts]),
    )
    factors = [resize.x_range, resize.x_resolution, resize.y_range, resize.y_resolution]
    field.snapping = max(field.snapping, check(stage, field.wavefront, opening))
    gaps = [min(side.gap_m, FAR_M) for side in opening]
    centers = [side.center_m for side in opening]
    yield library.SRWLOptA("r", "a", *gaps, *centers), [0, 0, 1.0, 0, 0, *factors]
    for act in stage.acts:
        if act.x.curvature_per_m or act.y.curvature_per_m:
            yield _lens(act), [0, 0, 1.0, 0, 0, 1.0, 1.0, 1.0, 1.0]
        _multiply(field.wavefront, act)
    if stage.drift_m > 0:
        yield (
            library.SRWLOptD(stage.drift_m),
            [0, 0, 1.0, resize.drift, 0, 1.0, 1.0, 1.0, 1.0],
        )


#: What SRW is given for an opening without limit.
FAR_M = 1e3


def check(stage: Stage, wavefront: Any, opening: tuple[Opening, Opening]) -> float:
    """The largest part of an opening that a step of the mesh is, as it will be at this place.

    Raises
    ------
    MeshError
        Where that is too large, or the mesh is.
    """
    mesh, resize = wavefront.mesh, stage.resize
    columns = mesh.nx * resize.x_range * resize.x_resolution
    rows = mesh.ny * resize.y_range * resize.y_resolution
    if not min(columns, rows) >= FEWEST_POINTS:
        raise MeshError(
            f"{stage.names[0]}: {columns:.3g} x {rows:.3g} points are less than {FEWEST_POINTS} a side: "
            "resize the mesh less in [optics.grid]"
        )
    if not columns * rows <= MOST_POINTS:
        raise MeshError(
            f"{stage.names[0]}: {columns * rows:.3g} points are more than {MOST_POINTS:.3g}: "
            "resize the mesh less in [optics.grid]"
        )
    parts = []
    for axis, side in zip("xy", opening, strict=True):
        step_m = _step_m(mesh, axis) / getattr(resize, f"{axis}_resolution")
        if not side.gap_m >= FEWEST_CELLS * step_m:
            raise MeshError(
                f"{stage.names[0]}: {axis}_gap {side.gap_m * 1e6:.4g} um holds {side.gap_m / step_m:.2g} "
                f"points of the mesh, less than {FEWEST_CELLS}: raise its resolution there in [[optics.grid.resize]]"
            )
        parts.append(step_m / side.gap_m)
    return max(parts)


def _step_m(mesh: Any, axis: str) -> float:
    return (getattr(mesh, f"{axis}Fin") - getattr(mesh, f"{axis}Start")) / (
        getattr(mesh, f"n{axis}") - 1
    )


def _common(openings: list[Opening]) -> Opening:
    limited = [opening for opening in openings if opening != EVERYWHERE]
    if not limited:
        return EVERYWHERE
    common = limited[0]
    for opening in limited[1:]:
        common = (
            opening if common.gap_m == inf else common if opening.gap_m == inf else common & opening
        )
    return common


def _lens(act: Thin) -> Any:
    focal = [
        1 / side.curvature_per_m if side.curvature_per_m else NO_LENS_M for side in (act.x, act.y)
    ]
    return srw.library().SRWLOptL(*focal, act.x.lens_m, act.y.lens_m)


def _multiply(wavefront: Any, act: Thin) -> None:
    """Heights, absorption and obstacles, onto the field's arrays themselves."""
    factors = []
    mesh = wavefront.mesh
    for axis, side in (("y", act.y), ("x", act.x)):
        points = getattr(mesh, f"n{axis}")
        at_m = np.linspace(getattr(mesh, f"{axis}Start"), getattr(mesh, f"{axis}Fin"), points)
        absorbed = side.log_amplitude
        factors.append(np.ones(points) if absorbed is None else np.exp(absorbed(at_m)))
    together = None
    if act.x.log_amplitude is not None or act.y.log_amplitude is not None:
        together = np.multiply.outer(*factors)
    blocked = _blocked(mesh, act)
    if blocked is not None:
        together = ~blocked if together is None else together * ~blocked
    if together is not None:
        for field in (wavefront.arEx, wavefront.arEy):
            values = np.frombuffer(field, np.float32).view(np.complex64)
            values *= together.ravel().astype(np.complex64)


def _blocked(mesh: Any, act: Thin) -> np.ndarray | None:
    if act.x.blocked is None or act.y.blocked is None:
        return None
    x_m, y_m = (
        np.linspace(mesh.xStart, mesh.xFin, mesh.nx),
        np.linspace(mesh.yStart, mesh.yFin, mesh.ny),
    )
    inside = [
        np.abs(at_m - side.center_m) < side.gap_m / 2
        for at_m, side in ((y_m, act.y.blocked), (x_m, act.x.blocked))
    ]
    return np.logical_and.outer(*inside)
