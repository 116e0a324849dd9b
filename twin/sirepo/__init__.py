"""Import of a beamline from Sirepo's SRW application (its exported ``.json``), as far as the twin has the parts.

Vectors and orientations that only say which way a mirror or crystal points are left out: the optical axis is folded.
Watch points become screens.
"""

import json
from pathlib import Path

import numpy as np

from beamtwin.twin.beamline import Beamline
from beamtwin.twin.description import Description, DescriptionError
from beamtwin.twin.elements import Monochromator
from beamtwin.twin.grid import Grid, Resize
from beamtwin.twin.sirepo.elements import element_of
from beamtwin.twin.sirepo.sources import source_of
from beamtwin.twin.sirepo.units import MM, Item

__all__ = ["load_sirepo"]

#: What the twin has no mesh for: its resizing, and that of the free space behind an element, goes to the next one.
UNMESHED = ("crystal", "watch")

#: Propagation parameters that change nothing.
PLAIN = (0, 0, 1, 1, 0, 1, 1, 1, 1)


def load_sirepo(path: Path, *, bandwidth: float = 1e-3) -> Description:
    """Read a simulation that was exported from Sirepo.

    Height profiles are looked for beside the file; a mirror whose profile is not there is flat.

    Parameters
    ----------
    bandwidth : float
        Of the light, where there is no crystal: by default, fluxes are per 0.1 % as Sirepo's own.

    Raises
    ------
    DescriptionError
        Naming what there is no counterpart for: a source, as of a tabulated field, or an element.
    """
    try:
        models = json.loads(path.read_text())["models"]
        beamline = _beamline(models, path.parent, bandwidth)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DescriptionError):
            raise
        raise DescriptionError(f"{path}: not a simulation of Sirepo's SRW: {error!r}") from error
    return Description(beamline=beamline, axes=(), counters={})


def _beamline(models: Item, folder: Path, bandwidth: float) -> Beamline:
    beam, source, middle_m = source_of(models)
    energy_eV = float(models["simulation"]["photonEnergy"])
    elements = [element_of(item, energy_eV, middle_m, folder) for item in models["beamline"]]
    if not any(isinstance(element, Monochromator) for element in elements):
        elements.insert(0, Monochromator("band", elements[0].z_m, energy_eV, bandwidth))
    return Beamline(beam, source, tuple(elements), _grid(models))


def _grid(models: Item) -> Grid:
    simulation, propagation = models["simulation"], models["propagation"]
    resizes, pending = [], np.ones(4)
    for item in models["beamline"]:
        here, drift = propagation[str(item["id"])]
        drift = drift or PLAIN
        factors = pending * np.array(here[5:9], float)
        pending = np.array(drift[5:9], float)
        if item["type"] in UNMESHED:
            pending *= factors
        else:
            resizes.append(Resize(item["title"], *factors.tolist(), drift=int(float(drift[3]))))
    return Grid(
        x_window_m=float(simulation["horizontalRange"]) * MM,
        y_window_m=float(simulation["verticalRange"]) * MM,
        sampling=float(simulation["sampleFactor"]),
        resizes=tuple(resizes),
    )
