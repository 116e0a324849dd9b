"""Units of Sirepo's files, beside SI: openings in mm, angles in mrad, sizes of beams in um, emittances in nm."""

from collections.abc import Mapping
from typing import Any

__all__ = ["MM", "MRAD", "NM", "UM", "Item"]

#: A table of the file.
Item = Mapping[str, Any]

MM = MRAD = 1e-3
UM = 1e-6
NM = 1e-9
