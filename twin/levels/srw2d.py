"""Level ``srw``: SRW's two-dimensional field of one electron through the whole chain, kept on the way.

One element a call: SRW then gives the same bits wherever the chain is resumed. A plane's key hashes the source, the
mesh and every element before it, so a beamline with one element moved is resumed in front of that element.
Parabolic phases, openings and free space are SRW's; heights and absorption are multiplied onto the field.

One electron carries all the current here: what passes narrow openings is several times too bright (at CHX's sample
ten times), and patterns have full contrast. Nothing that SRW would crash on reaches it: see `check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from math import inf
from typing import Any

import numpy as np

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.cache import PlaneCache, chained, digest
from beamtwin.twin.elements import Detector
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.levels import srw
from beamtwin.twin.levels.fresnel import MeshError
from beamtwin.twin.levels.level import FieldCache, Light
from beamtwin.twin.levels.opening import Opening
from beamtwin.twin.levels.separable import Passage, dark, flux_error, passage
from beamtwin.twin.levels.srw_sources import emit
from beamtwin.twin.levels.thin import EVERYWHERE, Thin
from beamtwin.twin.levels.train import Route
from beamtwin.twin.ring import Electron

__all__ = ["Stage", "check", "light", "light_of", "stages"]

#: Of the keys: another number for another way to compute the same plane.
SCHEMA = 1

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
class _Plane:
    """SRW's wavefront, which changes in place, and the largest part of an opening that a step of its mesh was."""

    wavefront: Any
    snapping: float = 0.0


def light(beamline: Beamline, plane: str, cache: FieldCache) -> Light:
    """The light on a plane; planes in front of what moves are kept in ``cache``.

    Raises
    ------
    MeshError
        Where the mesh has too few points in an opening, or far too many in all.
    """
    # The meshes of the separable levels are of no use where the light of an arc is as wide as its openings.
    bent = isinstance(beamline.source, BendingMagnet)
    there = passage(beamline, plane, coherent=True, meshed=not bent)
    if there.is_dark:
        return dark(there.way)
    if beamline.grid is None:
        raise BeamlineError(
            f"{plane}: the level srw needs a mesh: give the beamline an [optics.grid]"
        )
    return _seen(there, _at_end(beamline, beamline.grid, there, cache.planes))


def light_of(electron: Electron, beamline: Beamline, grid: Grid, there: Passage) -> Light:
    """What one electron, anywhere in the beam, sends through an open passage; nothing is kept."""
    plane = _Plane(_source(there, grid, electron))
    for stage in stages(beamline, grid, there.way):
        for element, parameters in _steps(stage, plane, there.way):
            _propagate(plane.wavefront, element, parameters)
    return _seen(there, plane)


def stages(beamline: Beamline, grid: Grid, way: Route) -> tuple[Stage, ...]:
    """The places on a way, in the order of the light."""
    names = [
        tuple(element.name for element in beamline.elements if element.z_m == place.z_m)
        for place in way.places
    ]
    ends = [place.z_m for place in way.places[1:]] + [way.end.z_m]
    return tuple(
        Stage(name, place.acts, grid.at(name), end - place.z_m)
        for name, place, end in zip(names, way.places, ends, strict=True)
    )


def _at_end(beamline: Beamline, grid: Grid, there: Passage, planes: PlaneCache) -> _Plane:
    """From the last plane that is kept, on."""
    chain = stages(beamline, grid, there.way)
    source = digest(
        SCHEMA, version("srwpy"), there.shining, grid.x_window_m, grid.y_window_m, grid.sampling
    )
    keys = [source, *chained(source, chain)]
    begin, plane = _resumed(keys, chain, planes)
    if plane is None:
        plane = _Plane(_source(there, grid))
        planes.put(keys[0], plane)
    for index in range(begin, len(chain)):
        if index > begin and _moves(beamline, chain[index]):
            planes.put(keys[index], plane)
        for element, parameters in _steps(chain[index], plane, there.way):
            _propagate(plane.wavefront, element, parameters)
    return plane


def _resumed(
    keys: list[str], chain: tuple[Stage, ...], planes: PlaneCache
) -> tuple[int, _Plane | None]:
    """The last place in front of which a plane is kept, and that plane."""
    for index in range(len(chain) - 1, -1, -1):
        plane = planes.get(keys[index])
        if plane is not None:
            return index, plane
    return 0, None


def _moves(beamline: Beamline, stage: Stage) -> bool:
    return not beamline.movable or any(name in beamline.movable for name in stage.names)


def _source(there: Passage, grid: Grid, electron: Electron | None = None) -> Any:
    """The field of one electron in the plane of the first element, on SRW's own choice of points."""
    library, shining = srw.library(), there.shining
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
    return wavefront


def _displace(particle: Any, electron: Electron) -> None:
    """From the middle of the straight to where SRW begins, there is free space."""
    particle.xp, particle.yp = electron.x_angle_rad, electron.y_angle_rad
    particle.x = electron.x_m + particle.z * electron.x_angle_rad
    particle.y = electron.y_m + particle.z * electron.y_angle_rad
    particle.gamma *= 1 + electron.energy


def _steps(stage: Stage, plane: _Plane, way: Route) -> Iterator[tuple[Any, list[float]]]:
    """SRW's elements of one place, each with its propagation parameters; the field is changed in between."""
    library, resize = srw.library(), stage.resize
    opening = (
        _common([act.x.opening for act in stage.acts]),
        _common([act.y.opening for act in stage.acts]),
    )
    factors = [resize.x_range, resize.x_resolution, resize.y_range, resize.y_resolution]
    plane.snapping = max(plane.snapping, check(stage, plane.wavefront, opening))
    gaps = [min(side.gap_m, FAR_M) for side in opening]
    centers = [side.center_m for side in opening]
    yield library.SRWLOptA("r", "a", *gaps, *centers), [0, 0, 1.0, 0, 0, *factors]
    for act in stage.acts:
        if act.x.curvature_per_m or act.y.curvature_per_m:
            yield _lens(act), [0, 0, 1.0, 0, 0, 1.0, 1.0, 1.0, 1.0]
        _multiply(plane.wavefront, act, way.wavelength_m)
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


def _multiply(wavefront: Any, act: Thin, wavelength_m: float) -> None:
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


def _propagate(wavefront: Any, element: Any, parameters: list[float]) -> None:
    library = srw.library()
    library.srwl.PropagElecField(wavefront, library.SRWLOptC([element], [parameters]))


def _seen(there: Passage, plane: _Plane) -> Light:
    """The intensity, summed over the detector's pixels or over the whole opening."""
    way, wavefront = there.way, plane.wavefront
    mesh = wavefront.mesh
    intensity = np.zeros(mesh.nx * mesh.ny, np.float32)
    srw.library().srwl.CalcIntFromElecField(intensity, wavefront, 6, 0, 3, mesh.eStart, 0, 0)
    x_m, y_m = (
        np.linspace(mesh.xStart, mesh.xFin, mesh.nx),
        np.linspace(mesh.yStart, mesh.yFin, mesh.ny),
    )
    steps_m = x_m[1] - x_m[0], y_m[1] - y_m[0]
    photons = intensity.reshape(mesh.ny, mesh.nx) * (1e6 * steps_m[0] * steps_m[1] * way.efficiency)
    flux_ph_s = float(photons.sum(dtype=float))
    if isinstance(way.end, Detector):
        pixel_m = way.end.pixel_m
        columns = _shares(x_m, steps_m[0], way.end.x_m, pixel_m)
        rows = _shares(y_m, steps_m[1], way.end.y_m, pixel_m)
        photons_s, at = rows @ photons @ columns.T, (way.end.x_m, way.end.y_m)
    else:
        photons_s = np.array([[flux_ph_s]])
        at = np.array([way.end.x_center_m]), np.array([way.end.y_center_m])
    return Light(
        photons_s=photons_s,
        x_m=at[0],
        y_m=at[1],
        flux_ph_s=flux_ph_s,
        mesh=f"{mesh.nx} x {mesh.ny} points, {steps_m[0] * 1e9:.3g} x {steps_m[1] * 1e9:.3g} nm apart",
        flux_error=flux_error(there.shining.source, coherent=True),
        pattern_error=min(1.0, plane.snapping + _coarseness(there, steps_m)),
    )


def _coarseness(there: Passage, steps_m: tuple[float, float]) -> float:
    """What is lost between the points of the mesh: the finest fringe has a period of ``diffraction_m``."""
    return sum(
        (step_m / line.diffraction_m) ** 2
        for step_m, line in zip(steps_m, there.trains, strict=True)
        if line.diffraction_m > 0
    )


def _shares(points_m: np.ndarray, step_m: float, pixels_m: np.ndarray, pixel_m: float) -> Any:
    """The part of each mesh cell that falls on each pixel, a sparse (pixels, points)."""
    from scipy.sparse import csr_array

    half = (step_m + pixel_m) / 2
    low = np.searchsorted(points_m, pixels_m - half)
    high = np.searchsorted(points_m, pixels_m + half)
    counts = high - low
    row = np.repeat(np.arange(pixels_m.size), counts)
    column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + low[row]
    overlap = half - np.abs(points_m[column] - pixels_m[row])
    share = np.clip(overlap, 0.0, min(step_m, pixel_m)) / step_m
    return csr_array((share, (row, column)), shape=(pixels_m.size, points_m.size))
