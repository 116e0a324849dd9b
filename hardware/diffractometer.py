"""Diffractometers: their axes. Reciprocal space is left to packages that know it (hklpy2)."""

from beamtwin.hardware.axes import AxisGroup
from beamtwin.hardware.device import sub
from beamtwin.hardware.motor import Motor

__all__ = ["CHXDiffractometer"]


class CHXDiffractometer(AxisGroup):
    """CHX's diffractometer; the attributes of its start-up profile.

    ``delta`` and ``gamma`` carry the detector arm, ``om`` and ``phi`` the sample; the base is ``xb``, ``yb``. The axes
    of the stack for horizontal scattering end in h, those of the stack for vertical scattering in v.
    """

    axes = (
        *("delta", "gamma", "om", "phi", "xb", "yb", "chh", "thh", "phh"),
        *("xh", "yh", "zh", "chv", "thv", "xv", "yv", "zv", "xv2"),
    )

    delta: Motor = sub("-Ax:Del}Mtr")
    gamma: Motor = sub("-Ax:Gam}Mtr")
    om: Motor = sub("-Ax:Om}Mtr")
    phi: Motor = sub("-Ax:Ph}Mtr")
    xb: Motor = sub("-Ax:XB}Mtr")
    yb: Motor = sub("-Ax:YB}Mtr")
    chh: Motor = sub("-Ax:ChH}Mtr")
    thh: Motor = sub("-Ax:ThH}Mtr")
    phh: Motor = sub("-Ax:PhH}Mtr")
    xh: Motor = sub("-Ax:XH}Mtr")
    yh: Motor = sub("-Ax:YH2}Mtr")
    zh: Motor = sub("-Ax:ZH}Mtr")
    chv: Motor = sub("-Ax:ChV}Mtr")
    thv: Motor = sub("-Ax:ThV}Mtr")
    xv: Motor = sub("-Ax:XV}Mtr")
    yv: Motor = sub("-Ax:YV}Mtr")
    zv: Motor = sub("-Ax:ZV}Mtr")
    xv2: Motor = sub("-Ax:XV2}Mtr")
