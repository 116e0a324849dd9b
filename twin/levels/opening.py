"""What is left open in one direction."""

from dataclasses import dataclass

__all__ = ["Opening"]


@dataclass(frozen=True)
class Opening:
    """From edge to edge; a gap of ``inf`` is no limit."""

    center_m: float
    gap_m: float

    @property
    def edges_m(self) -> tuple[float, float]:
        """The lower and the upper one."""
        return self.center_m - self.gap_m / 2, self.center_m + self.gap_m / 2

    def __and__(self, other: "Opening") -> "Opening":
        """What both leave open; a gap of zero where that is nothing."""
        low = max(self.center_m - self.gap_m / 2, other.center_m - other.gap_m / 2)
        high = min(self.center_m + self.gap_m / 2, other.center_m + other.gap_m / 2)
        return Opening((low + high) / 2, max(0.0, high - low))

    def projected(self, magnification: float) -> "Opening":
        """Its shadow's bright part further away from a point source on the axis."""
        return Opening(self.center_m * magnification, self.gap_m * magnification)
