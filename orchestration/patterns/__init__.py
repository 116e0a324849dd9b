"""Where scans go: trajectories as cyclers, which are ``{motor: position}`` point by point. Names are Bluesky's.

`products`: along lines and over meshes; `spirals`; `arguments`: how these are written.
"""

from beamtwin.orchestration.patterns.arguments import (
    OuterProductArgsPattern,
    chunk_outer_product_args,
    classify_outer_product_args_pattern,
)
from beamtwin.orchestration.patterns.products import (
    inner_list_product,
    inner_product,
    outer_list_product,
    outer_product,
)
from beamtwin.orchestration.patterns.spirals import (
    spiral,
    spiral_fermat,
    spiral_square_pattern,
)

__all__ = [
    "OuterProductArgsPattern",
    "chunk_outer_product_args",
    "classify_outer_product_args_pattern",
    "inner_list_product",
    "inner_product",
    "outer_list_product",
    "outer_product",
    "spiral",
    "spiral_fermat",
    "spiral_square_pattern",
]
