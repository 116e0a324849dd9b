"""What is done at CHX. Plans take devices, and never learn what answers them."""

from itertools import zip_longest

from beamtwin.orchestration import stubs
from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.plans import count, scan
from beamtwin.scenarios.chx.devices import Devices

__all__ = ["GAPS_UM", "diffraction", "slit_scan"]

#: The gaps of the published measurement, h x v, as its labels have them.
GAPS_UM = ((7.5, 5.8), (11.0, 9.0), (12.0, 13.9))

_UM = 1e-3  # in the slit's mm


def diffraction(
    devices: Devices,
    *,
    gaps_um: tuple[tuple[float, float], ...] = GAPS_UM,
    exposure_s: float = 1.0,
    counterparts: tuple[str, ...] = (),
) -> Plan[tuple[str, ...]]:
    """Diffraction patterns of slit S2: for each gap, one run of one exposure.

    Parameters
    ----------
    gaps_um : pairs of float
        Horizontal and vertical gap of S2, in µm.
    exposure_s : float
        Of the detector, in seconds.
    counterparts : uids, optional
        The measured runs that these are to be compared with, one a gap.

    Returns
    -------
    tuple of str
        The runs' uids.
    """
    if counterparts and len(counterparts) != len(gaps_um):
        raise PlanError(
            f"counterparts: {len(counterparts)} given for {len(gaps_um)} gaps; expected one a gap"
        )
    s2, detector = devices.s2, devices.eiger4m
    yield from stubs.mv(detector.count_time, exposure_s)
    uids = []
    for (h_um, v_um), counterpart in zip_longest(gaps_um, counterparts):
        targets = {"h_gap": h_um * _UM, "v_gap": v_um * _UM, "h_center": 0.0, "v_center": 0.0}
        yield from stubs.mv(s2, targets)
        md = {"plan_name": "diffraction", "gap_h_um": h_um, "gap_v_um": v_um}
        if counterpart is not None:
            md["counterpart"] = counterpart
        uids.append((yield from count([detector, s2], md=md)))
    return tuple(uids)


def slit_scan(
    devices: Devices,
    *,
    points: int = 41,
    range_mm: float = 1.0,
    gap_um: float = 20.0,
    exposure_s: float = 1.0,
) -> Plan[str]:
    """The beam's vertical profile: S2, nearly closed, is moved through it, and what passes is counted.

    Parameters
    ----------
    points : int
    range_mm : float
        How far the slit's centre goes in all, in mm, about the axis.
    gap_um : float
        Of the slit, both ways, in µm.
    exposure_s : float
        Of the counter, in seconds.
    """
    s2, scaler = devices.s2, devices.scaler
    gap = gap_um * _UM
    yield from stubs.mv(s2, {"h_gap": gap, "v_gap": gap, "h_center": 0.0, "v_center": 0.0})
    yield from stubs.mv(scaler.preset_time, exposure_s)
    half = range_mm / 2
    md = {"plan_name": "slit_scan", "gap_um": gap_um}
    return (yield from scan([scaler], s2.v_center, -half, half, points, md=md))
