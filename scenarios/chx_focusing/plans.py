"""What is done with the focused beam. Plans take devices, and never learn what answers them."""

from functools import partial

from beamtwin.orchestration import stubs
from beamtwin.orchestration.messages import Plan
from beamtwin.orchestration.plans import count, scan
from beamtwin.scenarios.chx_focusing.devices import Devices

__all__ = ["edge_scan", "energy_scan", "focus_scan", "knife_edge", "slit_scan", "xpcs"]

_UM = 1e-3  # in the slits' mm

#: Wide of the beam, in mm.
OPEN_MM = 2.0

#: Where the foils' holder has none.
EMPTY_MM = -26.0


def slit_scan(
    devices: Devices,
    *,
    points: int = 41,
    range_um: float = 60.0,
    gap_um: float = 2.0,
    exposure_s: float = 1.0,
) -> Plan[str]:
    """The focus's vertical profile: S3, nearly closed in that direction, is moved through it.

    Parameters
    ----------
    points : int
    range_um : float
        How far the slit's centre goes in all, about the axis.
    gap_um : float
        The slit's vertical gap; it is open horizontally.
    exposure_s : float
        Of the counter.
    """
    s3, scaler = devices.s3, devices.scaler
    yield from stubs.mv(
        s3.h_gap, OPEN_MM, s3.h_center, 0.0, s3.v_gap, gap_um * _UM, scaler.preset_time, exposure_s
    )
    half = range_um * _UM / 2
    md = {"plan_name": "slit_scan", "gap_um": gap_um}
    return (yield from scan([scaler], s3.v_center, -half, half, points, md=md))


def knife_edge(
    devices: Devices, *, points: int = 41, range_um: float = 60.0, exposure_s: float = 1.0
) -> Plan[str]:
    """The focus's horizontal profile, integrated: one blade of S3, which is wide open else, cuts through it.

    Parameters
    ----------
    points : int
    range_um : float
        How far the edge goes in all, about the axis.
    exposure_s : float
        Of the counter.
    """
    s3, scaler = devices.s3, devices.scaler
    yield from stubs.mv(
        s3.h_gap, OPEN_MM, s3.v_gap, OPEN_MM, s3.v_center, 0.0, scaler.preset_time, exposure_s
    )
    # The inboard blade is half a gap below the centre.
    half, edge = range_um * _UM / 2, OPEN_MM / 2
    md = {"plan_name": "knife_edge", "edge_offset_mm": edge}
    return (yield from scan([scaler], s3.h_center, edge - half, edge + half, points, md=md))


def focus_scan(
    devices: Devices, *, points: int = 11, range_mm: float = 40.0, exposure_s: float = 0.1
) -> Plan[str]:
    """The beam at the sample against the kinoform's place along the beam, by the camera there.

    Parameters
    ----------
    points : int
    range_mm : float
        How far the kinoform goes in all, about its place.
    exposure_s : float
        Of the camera.
    """
    camera, s3 = devices.xray_eye3, devices.s3
    yield from stubs.mv(s3.h_gap, OPEN_MM, s3.v_gap, OPEN_MM, camera.count_time, exposure_s)
    half, md = range_mm / 2, {"plan_name": "focus_scan"}
    return (yield from scan([camera], devices.k1.z, -half, half, points, md=md))


def energy_scan(
    devices: Devices,
    *,
    points: int = 21,
    center_eV: float = 8976.0,
    range_eV: float = 200.0,
    exposure_s: float = 1.0,
) -> Plan[str]:
    """The undulator's harmonic: the monochromator is scanned, the gap stays; what passes S3 is counted.

    Parameters
    ----------
    points : int
    center_eV, range_eV : float
        Of the photon energies.
    exposure_s : float
        Of the counter.
    """
    s3, scaler = devices.s3, devices.scaler
    yield from stubs.mv(s3.h_gap, OPEN_MM, s3.v_gap, OPEN_MM, scaler.preset_time, exposure_s)
    first, last = center_eV - range_eV / 2, center_eV + range_eV / 2
    md = {"plan_name": "energy_scan"}
    return (yield from scan([scaler], devices.dcm.energy, first, last, points, md=md))


def edge_scan(
    devices: Devices,
    *,
    points: int = 31,
    center_eV: float = 8979.0,
    range_eV: float = 60.0,
    exposure_s: float = 1.0,
) -> Plan[tuple[str, str]]:
    """The foil's absorption edge (XAS by transmission): two `energy_scan`, without the foil and with it.

    Parameters
    ----------
    points : int
    center_eV, range_eV : float
        Of the photon energies; copper's K edge is at 8979 eV.
    exposure_s : float
        Of the counter.

    Returns
    -------
    tuple of str
        The runs' uids; the logarithm of the ratio of their counts is mu t.
    """
    scanned = partial(energy_scan, devices, points=points, center_eV=center_eV, range_eV=range_eV)
    yield from stubs.mv(devices.foil_x, EMPTY_MM)
    empty = yield from scanned(exposure_s=exposure_s)
    yield from stubs.mv(devices.foil_x, 0.0)
    foil = yield from scanned(exposure_s=exposure_s)
    yield from stubs.mv(devices.foil_x, EMPTY_MM)
    return empty, foil


def xpcs(
    devices: Devices, *, frames: int = 20, period_s: float = 0.02, exposure_s: float = 0.001
) -> Plan[str]:
    """A time series of the suspension's speckle on the Eiger 4M, for g2.

    Parameters
    ----------
    frames : int
    period_s : float
        From the beginning of one exposure to that of the next.
    exposure_s : float
        Of the detector.
    """
    detector = devices.eiger4m
    yield from stubs.mv(detector.count_time, exposure_s)
    md = {"plan_name": "xpcs", "period_s": period_s}
    return (yield from count([detector], num=frames, delay=period_s, md=md))
