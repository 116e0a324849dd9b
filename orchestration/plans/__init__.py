"""Plans: whole experiments, each of which makes one run. Names, arguments and metadata are Bluesky's.

`basic`: any trajectory; `scans`, `spirals`: those with a name; `relative`: around where motors are; `adaptive`: those
that look at what they measure; `flying`: data while things move.
"""

from beamtwin.orchestration.plans.adaptive import (
    adaptive_scan,
    tune_centroid,
    tweak,
)
from beamtwin.orchestration.plans.basic import (
    count,
    scan_nd,
)
from beamtwin.orchestration.plans.flying import (
    fly,
    ramp_plan,
)
from beamtwin.orchestration.plans.metadata import (
    PerShot,
    PerStep,
    PerStep1D,
    PerStepND,
    derive_default_hints,
)
from beamtwin.orchestration.plans.relative import (
    rel_adaptive_scan,
    rel_grid_scan,
    rel_list_grid_scan,
    rel_list_scan,
    rel_log_scan,
    rel_scan,
    rel_spiral,
    rel_spiral_fermat,
    rel_spiral_square,
    relative_inner_product_scan,
    x2x_scan,
)
from beamtwin.orchestration.plans.scans import (
    grid_scan,
    inner_product_scan,
    list_grid_scan,
    list_scan,
    log_scan,
    scan,
)
from beamtwin.orchestration.plans.spirals import (
    spiral,
    spiral_fermat,
    spiral_square,
)

__all__ = [
    "PerShot",
    "PerStep",
    "PerStep1D",
    "PerStepND",
    "adaptive_scan",
    "count",
    "derive_default_hints",
    "fly",
    "grid_scan",
    "inner_product_scan",
    "list_grid_scan",
    "list_scan",
    "log_scan",
    "outer_product_scan",
    "ramp_plan",
    "rel_adaptive_scan",
    "rel_grid_scan",
    "rel_list_grid_scan",
    "rel_list_scan",
    "rel_log_scan",
    "rel_scan",
    "rel_spiral",
    "rel_spiral_fermat",
    "rel_spiral_square",
    "relative_adaptive_scan",
    "relative_inner_product_scan",
    "relative_list_scan",
    "relative_log_scan",
    "relative_outer_product_scan",
    "relative_scan",
    "relative_spiral",
    "relative_spiral_fermat",
    "scan",
    "scan_nd",
    "spiral",
    "spiral_fermat",
    "spiral_square",
    "tune_centroid",
    "tweak",
    "x2x_scan",
]

# Bluesky's other names for them.
relative_list_scan = rel_list_scan
relative_scan = rel_scan
relative_log_scan = rel_log_scan
relative_adaptive_scan = rel_adaptive_scan
outer_product_scan = grid_scan
relative_outer_product_scan = rel_grid_scan
relative_spiral_fermat = rel_spiral_fermat
relative_spiral = rel_spiral
