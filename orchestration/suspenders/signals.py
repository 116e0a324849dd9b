"""When to suspend: what a signal must not be."""

import warnings
from typing import Any

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.suspenders.base import SuspenderBase

__all__ = [
    "SuspendBoolHigh",
    "SuspendBoolLow",
    "SuspendCeil",
    "SuspendFloor",
    "SuspendInBand",
    "SuspendOutBand",
    "SuspendWhenChanged",
    "SuspendWhenOutsideBand",
]


class SuspendBoolHigh(SuspenderBase):
    """Suspend while a signal is true: a shutter's closed switch."""

    def _should_suspend(self, value: Any) -> bool:
        return bool(value)

    def _reason(self) -> str:
        return f"Signal {self._name} is high"


class SuspendBoolLow(SuspenderBase):
    """Suspend while a signal is false: a vacuum's being good."""

    def _should_suspend(self, value: Any) -> bool:
        return not value

    def _reason(self) -> str:
        return f"Signal {self._name} is low"


class _Threshold(SuspenderBase):
    def __init__(
        self,
        signal: Any,
        suspend_thresh: float,
        *,
        resume_thresh: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(signal, **kwargs)
        self._suspend_thresh = suspend_thresh
        self._resume_thresh = suspend_thresh if resume_thresh is None else resume_thresh
        self._validate()

    def _validate(self) -> None:
        """Raise where the signal would have to get worse for the plan to go on."""
        raise NotImplementedError

    def _refuse(self, side: str) -> None:
        raise PlanError(
            f"{type(self).__name__}: resume_thresh {self._resume_thresh} must not be {side} "
            f"suspend_thresh {self._suspend_thresh}"
        )


class SuspendFloor(_Threshold):
    """Suspend when a value falls below ``suspend_thresh``; go on when it rises above ``resume_thresh``."""

    def _validate(self) -> None:
        if self._resume_thresh < self._suspend_thresh:
            self._refuse("below")

    def _should_suspend(self, value: Any) -> bool:
        return value < self._suspend_thresh

    def _should_resume(self, value: Any) -> bool:
        return value > self._resume_thresh

    def _reason(self) -> str:
        return (
            f"Signal {self._name} = {self._value!r} fell below {self._suspend_thresh} "
            f"and has not yet crossed above {self._resume_thresh}."
        )


class SuspendCeil(_Threshold):
    """Suspend when a value rises above ``suspend_thresh``; go on when it falls below ``resume_thresh``."""

    def _validate(self) -> None:
        if self._resume_thresh > self._suspend_thresh:
            self._refuse("above")

    def _should_suspend(self, value: Any) -> bool:
        return value > self._suspend_thresh

    def _should_resume(self, value: Any) -> bool:
        return value < self._resume_thresh

    def _reason(self) -> str:
        return (
            f"Signal {self._name} = {self._value!r} went above {self._suspend_thresh} "
            f"and has not yet crossed below {self._resume_thresh}."
        )


class SuspendWhenOutsideBand(SuspenderBase):
    """Suspend while a value is not between ``band_bottom`` and ``band_top``."""

    def __init__(self, signal: Any, band_bottom: float, band_top: float, **kwargs: Any):
        super().__init__(signal, **kwargs)
        if not band_bottom < band_top:
            raise PlanError(
                f"{type(self).__name__}: band_bottom {band_bottom} must be below band_top {band_top}"
            )
        self._bot = band_bottom
        self._top = band_top

    def _should_suspend(self, value: Any) -> bool:
        return not self._bot < value < self._top

    def _reason(self) -> str:
        return f"Signal {self._name} = {self._value!r} is outside of the range ({self._bot}, {self._top})"


class SuspendInBand(SuspendWhenOutsideBand):
    """The old name of `SuspendWhenOutsideBand`."""

    def __init__(self, *args: Any, **kwargs: Any):
        warnings.warn("SuspendInBand is called SuspendWhenOutsideBand now", stacklevel=2)
        super().__init__(*args, **kwargs)


class SuspendOutBand(SuspendWhenOutsideBand):
    """Suspend while a value is between ``band_bottom`` and ``band_top``; Bluesky deprecates it."""

    def __init__(self, *args: Any, **kwargs: Any):
        warnings.warn("SuspendOutBand is deprecated", stacklevel=2)
        super().__init__(*args, **kwargs)

    def _should_suspend(self, value: Any) -> bool:
        return self._bot < value < self._top

    def _reason(self) -> str:
        return f"Signal {self._name} = {self._value!r} is inside of the range ({self._bot}, {self._top})"


class SuspendWhenChanged(SuspenderBase):
    """Suspend when a value is not what is expected; go on, if that is allowed, when it is again.

    Parameters
    ----------
    expected_value : optional
        Default: what the signal is now.
    allow_resume : bool
        Whether to go on at all; if not, the plan has to be ended.
    """

    def __init__(
        self,
        signal: Any,
        *,
        expected_value: Any = None,
        allow_resume: bool = False,
        **kwargs: Any,
    ):
        super().__init__(signal, **kwargs)
        self.expected_value = signal.get() if expected_value is None else expected_value
        self.allow_resume = allow_resume

    def _should_suspend(self, value: Any) -> bool:
        return value != self.expected_value

    def _should_resume(self, value: Any) -> bool:
        return self.allow_resume and value == self.expected_value

    def _reason(self) -> str:
        reason = f'Signal {self._name}, got "{self._value}", expected "{self.expected_value}"'
        if self.allow_resume:
            return reason
        return f'{reason}.  "RE.abort()" and then restart session to use new configuration.'
