"""Profile: one curve, measured or simulated, with its axis, units and origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from beamtwin.databroker.errors import ComparisonError
from beamtwin.databroker.stream import Stream

__all__ = ["Profile", "Space", "cut", "from_frame", "from_stream"]

#: Where curves are compared: in their values, or in their decimal logarithms.
Space = Literal["linear", "log10"]

_LENGTHS_M = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "nm": 1e-9}
_DECADE = np.log(10.0)
#: What of a start document goes into a report.
_PROVENANCE = ("uid", "scan_id", "plan_name", "time", "twin", "imported", "labels", "counterpart")


@dataclass(frozen=True, eq=False)
class Profile:
    """A curve on a rising axis.

    Points out of order are sorted; points that are not finite are left out.
    """

    axis: np.ndarray
    """Shape (n,), in ``units``."""
    values: np.ndarray
    """Shape (n,), as they are, not their logarithms."""
    units: str
    """Of the axis."""
    sigma: np.ndarray | None = None
    """Shape (n,): the values' standard uncertainties."""
    axis_name: str = "position"
    values_name: str = "intensity"
    values_units: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)
    """Which run and which data this is."""

    def __post_init__(self) -> None:
        if not len(self.axis) == len(self.values):
            raise ComparisonError(
                f"{self.axis_name}: {len(self.axis)} positions for {len(self.values)} values"
            )
        good = np.isfinite(self.axis) & np.isfinite(self.values)
        order = np.argsort(self.axis[good], kind="stable")
        for name in ("axis", "values", "sigma"):
            column = getattr(self, name)
            if column is not None:
                object.__setattr__(self, name, np.asarray(column, float)[good][order])

    def to(self, units: str) -> "Profile":
        """The same curve on an axis in other units.

        Raises
        ------
        ComparisonError
            If there is no way from the one to the other.
        """
        if units == self.units:
            return self
        if not {units, self.units} <= set(_LENGTHS_M):
            raise ComparisonError(
                f"{self.axis_name} in {self.units!r} cannot be brought to {units!r}; "
                f"known lengths: {', '.join(_LENGTHS_M)}"
            )
        factor = _LENGTHS_M[self.units] / _LENGTHS_M[units]
        return replace(self, axis=self.axis * factor, units=units)

    def positive(self) -> "Profile":
        """The points that have a logarithm."""
        return self._where(self.values > 0)

    def within(self, low: float, high: float) -> "Profile":
        """The points from ``low`` to ``high`` on the axis, ends included."""
        return self._where((self.axis >= low) & (self.axis <= high))

    def usable(self, space: Space) -> "Profile":
        """The points that have a place in the space."""
        return self.positive() if space == "log10" else self

    def _where(self, chosen: np.ndarray) -> "Profile":
        sigma = None if self.sigma is None else self.sigma[chosen]
        return replace(self, axis=self.axis[chosen], values=self.values[chosen], sigma=sigma)

    @property
    def log10(self) -> np.ndarray:
        """The decimal logarithms of the values; of a `positive` profile."""
        return np.log10(self.values)

    @property
    def log10_sigma(self) -> np.ndarray | None:
        """The uncertainties of `log10`, in decades."""
        return None if self.sigma is None else self.sigma / self.values / _DECADE


def from_stream(
    stream: Stream,
    values: str,
    *,
    axis: str | None = None,
    log10: bool = False,
    sigma: float | None = None,
) -> Profile:
    """A profile of a stream's columns.

    Parameters
    ----------
    stream : Stream
    values : str
        The data key of the values.
    axis : str, optional
        That of the axis; by default what the plan scanned.
    log10 : bool
        The column holds the values' decimal logarithms; its units are ``log10(...)``.
    sigma : float, optional
        The standard uncertainty of each number in the column.
    """
    axis = axis or _scanned(stream)
    data = stream.columns().data
    for key in (axis, values):
        if key not in data:
            raise ComparisonError(f"{stream!r} has no key {key!r}")
    column = data[values].astype(float)
    linear = 10.0**column if log10 else column
    units = stream.units(values)
    return Profile(
        data[axis].astype(float),
        linear,
        stream.units(axis),
        None
        if sigma is None
        else np.abs(linear) * _DECADE * sigma
        if log10
        else 0 * linear + sigma,
        axis_name=axis,
        values_name=values.removeprefix("log10_") if log10 else values,
        values_units=units.removeprefix("log10(").removesuffix(")") if log10 else units,
        source=_source(stream, values),
    )


def from_frame(
    stream: Stream,
    key: str,
    *,
    pixel_size: float,
    units: str = "um",
    event: int = 0,
    along: Literal["vertical", "horizontal"] = "vertical",
    width: int = 1,
    centre: tuple[float, float] | None = None,
) -> Profile:
    """A cut through the image of one event of a stream; see `cut`."""
    image = stream.read([key])[key].isel(time=event).to_numpy()
    image = image.reshape(-1, *image.shape[-2:]).mean(axis=0)
    profile = cut(
        image, pixel_size=pixel_size, units=units, along=along, width=width, centre=centre
    )
    return replace(profile, values_name=key, source=_source(stream, key))


def cut(
    image: np.ndarray,
    *,
    pixel_size: float,
    units: str = "um",
    along: Literal["vertical", "horizontal"] = "vertical",
    width: int = 1,
    centre: tuple[float, float] | None = None,
) -> Profile:
    """The image summed over a band of pixels, along its other direction.

    Parameters
    ----------
    image : (ny, nx) array
    pixel_size : float
        In ``units``.
    units : str
    along : {"vertical", "horizontal"}
        The direction of the profile's axis.
    width : int
        How many pixels across are summed.
    centre : (y, x), optional
        In pixels, where the axis is zero and the middle of the band; by default the image's middle.
    """
    if image.ndim != 2:
        raise ComparisonError(f"a cut needs an image of two dimensions, not of shape {image.shape}")
    middle = centre or ((image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2)
    lines, zero, across = (image, *middle) if along == "vertical" else (image.T, *middle[::-1])
    first = round(across - (width - 1) / 2)
    if first < 0 or first + width > lines.shape[1]:
        raise ComparisonError(
            f"a band of {width} pixels about {across:g} leaves the image, which has {lines.shape[1]}"
        )
    axis = (np.arange(len(lines)) - zero) * pixel_size
    values = lines[:, first : first + width].sum(axis=1).astype(float)
    return Profile(axis, values, units, axis_name=f"{along} position")


def _scanned(stream: Stream) -> str:
    if not stream.dimensions:
        raise ComparisonError(f"{stream!r}: its plan names no dimension; give the axis")
    return stream.dimensions[0]


def _source(stream: Stream, key: str) -> dict[str, Any]:
    known = {name: stream.start[name] for name in _PROVENANCE if name in stream.start}
    return {**known, "stream": stream.name, "key": key}
