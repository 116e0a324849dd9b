"""CHX at 9 keV by SRW alone: its own elements and containers, nothing of the twin's but where electrons are drawn.

``python validation/direct_srw.py one|many`` writes ``references/chx_9keV_one.json`` (one electron, a fine mesh: half a
minute) or ``..._many.json`` (256 electrons on a usual mesh: a quarter of an hour). The model is Sirepo's public example
nsls-ii-chx-beamline.json, without its mirror's height errors.
"""

import contextlib
import copy
import io
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).parent / "references"

ENERGY_EV = 9000.0
WINDOW_M = (0.4e-3, 0.6e-3)
DELTA, ATTENUATION_M = 4.207568e-6, 7.313e-3

#: Profiles at the sample are on these places, in m.
PLACES_M = np.arange(-120, 121) * 0.25e-6

#: Centres of S3 across the beam, in um, at which the flux behind it is asked for.
S3_CENTERS_UM = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)

#: Ranges and resolutions of the mesh, in x and y, where they change: of one electron's, and of many electrons'.
MESHES = {
    "one": {"S0": (2.5, 5.0, 1.5, 2.5), "S3": (0.5, 4.0, 0.5, 2.0)},
    "many": {"S0": (2.5, 5.0, 1.5, 2.5), "KL": (0.4, 1.0, 0.5, 1.0), "S3": (0.5, 8.0, 0.5, 4.0)},
}
SAMPLING = {"one": 4.0, "many": 1.0}

#: A power of two, and the seed of the sequence that they are drawn from.
ELECTRONS, SEED, BATCHES = 256, 1, 8


def places(library: Any) -> list[tuple[str, list[Any], float, int]]:
    """Names, elements, the free space behind them in m, and SRW's number for how light goes through that."""
    with contextlib.redirect_stdout(io.StringIO()):  # SRW's builders print
        lenses = [
            library.srwl_opt_setup_CRL(
                2, DELTA, ATTENUATION_M, 1, 1e-3, aperture_m, radius_m, count, 80e-6, 0.0, 0.0
            )
            for count, radius_m, aperture_m in ((1, 1.5e-3, 2.4e-3), (6, 0.5e-3, 1.4e-3))
        ]

    def slit(x_m: float, y_m: float) -> Any:
        return library.SRWLOptA("r", "a", x_m, y_m)

    kinoform = library.SRWLOptL(3.24479, 1e23)
    return [
        ("S0", [slit(0.2e-3, 1e-3)], 6.9, 1),
        ("HDM", [slit(0.94e-3, 1e-3)], 2.5, 0),
        ("S1", [slit(0.2e-3, 1e-3)], 4.4, 1),
        ("S2", [slit(0.05e-3, 1e-3)], 1.1, 1),
        ("CRL", lenses, 9.1, 1),
        ("KL", [slit(1.4e-3, 0.2e-3), kinoform], 3.5, 1),
        ("S3", [slit(10e-6, 10e-6)], 0.7, 0),
    ]


def source(library: Any, sampling: float, electron: Any = None) -> Any:
    """The field of one electron at S0; somewhere else in the beam, where one is given."""
    beam = library.SRWLPartBeam()
    beam.from_Twiss(0.5, 3.0, 8.9e-4, 0.9e-9, 2.02, 0, 0, 0, 0.008e-9, 1.06, 0, 0, 0)
    particle = beam.partStatMom1
    particle.z = -1.54
    if electron is not None:
        particle.xp, particle.yp = electron.x_angle_rad, electron.y_angle_rad
        particle.x = electron.x_m + particle.z * electron.x_angle_rad
        particle.y = electron.y_m + particle.z * electron.y_angle_rad
        particle.gamma *= 1 + electron.energy
    field = library.SRWLMagFldU([library.SRWLMagFldH(1, "v", 0.88770981, 0, 1, 1)], 0.02, 150)
    magnets = library.SRWLMagFldC([field], *(library.array("d", [0]) for _ in "xyz"))
    wavefront = library.SRWLWfr()
    wavefront.allocate(1, 100, 100)
    mesh = wavefront.mesh
    mesh.zStart, mesh.eStart, mesh.eFin = 20.5, ENERGY_EV, ENERGY_EV
    mesh.xStart, mesh.xFin = -WINDOW_M[0] / 2, WINDOW_M[0] / 2
    mesh.yStart, mesh.yFin = -WINDOW_M[1] / 2, WINDOW_M[1] / 2
    wavefront.partBeam = beam
    library.srwl.CalcElecFieldSR(wavefront, 0, magnets, [1, 0.01, 0, 0, 20000, 1, sampling])
    return wavefront


def through(library: Any, wavefront: Any, chain: list, mesh: dict[str, tuple]) -> None:
    """Propagate in place, one place of the beamline after the other."""
    for name, elements, drift_m, propagator in chain:
        still = [0, 0, 1.0, 0, 0, 1.0, 1.0, 1.0, 1.0]
        first = [*still[:5], *mesh.get(name, (1.0,) * 4)]
        steps = [first, *[still] * (len(elements) - 1)]
        space = [library.SRWLOptD(drift_m)] if drift_m else []
        if drift_m:
            steps.append([0, 0, 1.0, propagator, 0, 1.0, 1.0, 1.0, 1.0])
        library.srwl.PropagElecField(wavefront, library.SRWLOptC([*elements, *space], steps))


def profiles(library: Any, wavefront: Any) -> tuple[float, np.ndarray, np.ndarray]:
    """Photons/s/0.1 %, and of them those per m at `PLACES_M`, in x and in y."""
    mesh = wavefront.mesh
    intensity = np.zeros(mesh.nx * mesh.ny, np.float32)
    library.srwl.CalcIntFromElecField(intensity, wavefront, 6, 0, 3, mesh.eStart, 0, 0)
    x_m = np.linspace(mesh.xStart, mesh.xFin, mesh.nx)
    y_m = np.linspace(mesh.yStart, mesh.yFin, mesh.ny)
    per_m2 = intensity.reshape(mesh.ny, mesh.nx).astype(float) * 1e6
    across = per_m2.sum(0) * (y_m[1] - y_m[0])
    up = per_m2.sum(1) * (x_m[1] - x_m[0])
    flux = float(across.sum() * (x_m[1] - x_m[0]))
    return flux, np.interp(PLACES_M, x_m, across, 0.0, 0.0), np.interp(PLACES_M, y_m, up, 0.0, 0.0)


def one() -> dict[str, Any]:
    """One electron on a mesh with four times SRW's own choice of points; and a scan of S3."""
    import srwpy.srwlib as library

    chain, mesh = places(library), MESHES["one"]
    wavefront = source(library, SAMPLING["one"])
    through(library, wavefront, chain[:-1], mesh)
    scan = []
    for center_um in S3_CENTERS_UM:
        behind = copy.deepcopy(wavefront)
        slit = library.SRWLOptA("r", "a", 10e-6, 10e-6, center_um * 1e-6)
        through(library, behind, [("S3", [slit], 0.0, 0)], mesh)
        scan.append(profiles(library, behind)[0])
    through(library, wavefront, chain[-1:], mesh)
    flux, across, up = profiles(library, wavefront)
    return {"flux": flux, "x": across, "y": up, "s3_scan": scan, "mesh": _said(wavefront.mesh)}


def many() -> dict[str, Any]:
    """Electrons one by one, each from scratch, intensities added; errors by the scatter of batches."""
    import srwpy.srwlib as library
    from focus import beamline

    from beamtwin.twin.levels import separable
    from beamtwin.twin.levels.electrons import drawn

    chain, mesh = places(library), MESHES["many"]
    there = separable.passage(beamline(), "sample", coherent=False)
    flux = np.zeros(BATCHES)
    across, up = np.zeros((2, PLACES_M.size))
    wavefront = None
    for index, (electron, weight) in enumerate(drawn(there, ELECTRONS, SEED)):
        wavefront = source(library, SAMPLING["many"], electron)
        through(library, wavefront, chain, mesh)
        passed, x, y = profiles(library, wavefront)
        flux[index * BATCHES // ELECTRONS] += weight * passed / ELECTRONS
        across += weight * x / ELECTRONS
        up += weight * y / ELECTRONS
    error = float(flux.std(ddof=1) * BATCHES**0.5 / flux.sum())
    mesh_said = _said(wavefront.mesh)
    return {"flux": flux.sum(), "flux_error": error, "x": across, "y": up, "mesh": mesh_said}


def _said(mesh: Any) -> str:
    steps_nm = [
        (getattr(mesh, f"{axis}Fin") - getattr(mesh, f"{axis}Start"))
        / (getattr(mesh, f"n{axis}") - 1)
        * 1e9
        for axis in "xy"
    ]
    return f"{mesh.nx} x {mesh.ny} points, {steps_nm[0]:.0f} x {steps_nm[1]:.0f} nm apart"


def reference(kind: str, again: bool = False) -> dict[str, Any]:
    """What SRW says, as stored; or computed again, and stored."""
    path = REFERENCES / f"chx_9keV_{kind}.json"
    if not again:
        return json.loads(path.read_text())
    begun_s = time.process_time()
    said = {"one": one, "many": many}[kind]()
    said |= {
        "how": f"validation/direct_srw.py {kind}",
        "srwpy": version("srwpy"),
        "cpu_s": round(time.process_time() - begun_s),
    }
    path.write_text(json.dumps(said, default=_plain, indent=1) + "\n")
    return json.loads(path.read_text())


def _plain(value: Any) -> Any:
    """Seven digits are what SRW's single precision has."""
    if isinstance(value, np.ndarray):
        return [float(f"{number:.7g}") for number in value.tolist()]
    return float(value)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    reference(sys.argv[1], again=True)
