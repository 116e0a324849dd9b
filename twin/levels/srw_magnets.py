"""Electrons, and the magnets that they pass, as SRW knows them."""

import importlib
from array import array
from typing import Any

from beamtwin.twin.bending_magnet import BendingMagnet
from beamtwin.twin.gaussian_beam import GaussianBeam
from beamtwin.twin.ring import ElectronBeam
from beamtwin.twin.source import PlanarUndulator, Source

__all__ = ["FIELD_PRECISION", "electron_beam", "library", "magnets", "undulator"]

#: The relative accuracy asked of the field's integrals along the trajectory.
FIELD_PRECISION = 0.01


def library() -> Any:
    """SRW's Python, which has no types, imported where it is first used."""
    return importlib.import_module("srwpy.srwlib")


def electron_beam(beam: ElectronBeam, source: Source) -> Any:
    """SRW's electrons: SRW starts two periods before an undulator, or in the middle of a magnet."""
    electrons = library().SRWLPartBeam()
    electrons.from_Twiss(
        _Iavg=beam.current_A,
        _e=beam.energy_eV * 1e-9,
        _sig_e=beam.energy_spread,
        _emit_x=beam.x_emittance_m,
        _beta_x=beam.x_beta_m,
        _alpha_x=beam.x_alpha,
        _eta_x=beam.x_dispersion_m,
        _eta_x_pr=beam.x_dispersion_slope,
        _emit_y=beam.y_emittance_m,
        _beta_y=beam.y_beta_m,
        _alpha_y=beam.y_alpha,
        _eta_y=beam.y_dispersion_m,
        _eta_y_pr=beam.y_dispersion_slope,
    )
    if not isinstance(source, BendingMagnet | GaussianBeam):
        electrons.drift(-source.length_m / 2 - 2 * source.period_m)
    return electrons


def undulator(source: PlanarUndulator) -> Any:
    """SRW's periodic field."""
    srw = library()
    vertical = srw.SRWLMagFldH(_n=1, _h_or_v="v", _B=source.field_T, _ph=0, _s=1, _a=1)
    return srw.SRWLMagFldU([vertical], source.period_m, source.periods)


def magnets(source: PlanarUndulator | BendingMagnet) -> Any:
    """SRW's container of magnetic fields."""
    srw = library()
    if isinstance(source, BendingMagnet):
        magnet = srw.SRWLMagFldM(source.field_T, 1, "n", source.length_m)
    else:
        magnet = undulator(source)
    origin = array("d", [0.0])
    return srw.SRWLMagFldC([magnet], origin, array("d", origin), array("d", origin))
