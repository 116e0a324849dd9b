"""Level ``srw``: SRW's two-dimensional field of one electron through the whole chain, kept on the way.

One element a call: SRW then gives the same bits wherever the chain is resumed. A plane's key hashes the source, the
mesh and every element before it, so a beamline with one element moved is resumed in front of that element.

One electron carries all the current here: what passes narrow openings is several times too bright (at CHX's sample
ten times), and patterns have full contrast.
"""

from importlib.metadata import version

from beamtwin.twin.beamline import Beamline, BeamlineError
from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.cache import PlaneCache, chained, digest
from beamtwin.twin.grid import Grid
from beamtwin.twin.levels.level import FieldCache, Light
from beamtwin.twin.levels.separable import Passage, dark, passage
from beamtwin.twin.levels.srw_field import Field, Stage, emitted, pass_through
from beamtwin.twin.levels.srw_screen import seen
from beamtwin.twin.levels.train import Route
from beamtwin.twin.ring import Electron

__all__ = ["light", "light_of", "stages"]

#: Of the keys: another number for another way to compute the same plane.
SCHEMA = 2


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
    return seen(there, _at_end(beamline, beamline.grid, there, cache.planes))


def light_of(electron: Electron, beamline: Beamline, grid: Grid, there: Passage) -> Light:
    """What one electron, anywhere in the beam, sends through an open passage; nothing is kept."""
    field = emitted(there.shining, grid, electron)
    for stage in stages(beamline, grid, there.way):
        pass_through(stage, field)
    return seen(there, field)


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


def _at_end(beamline: Beamline, grid: Grid, there: Passage, planes: PlaneCache) -> Field:
    """From the last plane that is kept, on."""
    chain = stages(beamline, grid, there.way)
    source = digest(
        SCHEMA, version("srwpy"), there.shining, grid.x_window_m, grid.y_window_m, grid.sampling
    )
    keys = [source, *chained(source, chain)]
    begin, field = _resumed(keys, chain, planes)
    if field is None:
        field = emitted(there.shining, grid)
        planes.put(keys[0], field)
    for index in range(begin, len(chain)):
        if index > begin and _moves(beamline, chain[index]):
            planes.put(keys[index], field)
        pass_through(chain[index], field)
    return field


def _resumed(
    keys: list[str], chain: tuple[Stage, ...], planes: PlaneCache
) -> tuple[int, Field | None]:
    """The last place in front of which a plane is kept, and the field there."""
    for index in range(len(chain) - 1, -1, -1):
        field = planes.get(keys[index])
        if field is not None:
            return index, field
    return 0, None


def _moves(beamline: Beamline, stage: Stage) -> bool:
    return not beamline.movable or any(name in beamline.movable for name in stage.names)
