"""The two-dimensional mesh that SRW is given: its part of a beamline's description."""

from dataclasses import dataclass

__all__ = ["Grid", "Resize"]


@dataclass(frozen=True)
class Resize:
    """What happens to the mesh at an element, as a factor of what it is there; range above 1 pads with darkness."""

    at: str
    """The element's name."""
    x_range: float = 1.0
    x_resolution: float = 1.0
    y_range: float = 1.0
    y_resolution: float = 1.0
    drift: int = 1
    """SRW's number for the propagator behind the element: 0 plain, 1 with the quadratic phase taken out."""


@dataclass(frozen=True)
class Grid:
    """Where SRW computes the source's field, and how the mesh changes on the way."""

    x_window_m: float
    y_window_m: float
    sampling: float = 1.0
    """SRW's sampling factor: 1 is its own choice of points for the propagation."""
    resizes: tuple[Resize, ...] = ()

    def at(self, names: tuple[str, ...]) -> Resize:
        """What is said of the elements of one place; nothing changes where nothing is said."""
        for resize in self.resizes:
            if resize.at in names:
                return resize
        return Resize(names[0] if names else "")
