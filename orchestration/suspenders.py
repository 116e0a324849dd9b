"""Suspenders: while a signal is not as it should be, plans wait. Names and arguments are Bluesky's.

A suspender that trips stops what moves, and takes the plan up again from its last checkpoint ``sleep`` seconds after
all is well. One that is tripped already holds back the start of a plan.
"""

import inspect
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.errors import PlanError
from beamtwin.orchestration.status import Status

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = [
    "SuspendBoolHigh",
    "SuspendBoolLow",
    "SuspendCeil",
    "SuspendFloor",
    "SuspendInBand",
    "SuspendOutBand",
    "SuspendWhenChanged",
    "SuspendWhenOutsideBand",
    "SuspenderBase",
]


class SuspenderBase:
    """Watches a signal; subclasses say when to suspend, when to go on, and why.

    Parameters
    ----------
    signal
        Has ``subscribe`` and ``clear_sub``: beamtwin's, ophyd's or ophyd-async's.
    sleep : float
        Seconds on the engine's clock from all being well to the plan's going on.
    pre_plan, post_plan : iterable of Msg, or function that makes one, optional
        Done before and after the wait.
    tripped_message : str
        For people, added to the reason.
    """

    def __init__(
        self,
        signal: Any,
        *,
        sleep: float = 0.0,
        pre_plan: Any = None,
        post_plan: Any = None,
        tripped_message: str = "",
    ):
        self.RE: RunEngine | None = None
        self.tripped = False
        self._sig = signal
        self._sleep = sleep
        self._pre_plan = pre_plan
        self._post_plan = post_plan
        self._tripped_message = tripped_message
        self._released: Status | None = None
        self._value: Any = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, sleep={self._sleep})"

    def _should_suspend(self, value: Any) -> bool:
        raise NotImplementedError

    def _should_resume(self, value: Any) -> bool:
        return not self._should_suspend(value)

    def _reason(self) -> str:
        """Why it is tripped."""
        return f"{self._name} = {self._value!r}"

    # --- for the engine -------------------------------------------------------------------------

    def install(self, RE: "RunEngine", *, event_type: str | None = None) -> None:
        """Watch the signal for an engine."""
        self.RE = RE
        kwargs = {"event_type": event_type, "run": True} if _takes_events(self._sig) else {}
        RE.device_call(self._sig, "subscribe", self, **kwargs)

    def remove(self) -> None:
        """Watch no more; a plan that waits goes on."""
        if self.RE is not None:
            self.RE.device_call(self._sig, "clear_sub", self)
        with self._lock:
            self._release()
            self.RE, self.tripped = None, False

    def get_futures(self) -> tuple[list[Status], str]:
        """What a plan has to wait for before it may start, and why."""
        with self._lock:
            if not self.tripped or self._released is None:
                return [], ""
            return [self._released], self._get_justification()

    def __call__(self, value: Any = None, **_: Any) -> None:
        """The signal has news."""
        if isinstance(value, Mapping):
            value = next(iter(value.values()))["value"]
        with self._lock:
            if self.RE is None:
                return
            self._value = value
            if self._should_suspend(value):
                self._trip(self.RE)
            elif self._should_resume(value):
                self._release()
                self.tripped = False

    def _trip(self, RE: "RunEngine") -> None:
        self.tripped = True
        if self._released is not None:
            return
        self._released = Status(RE.clock, name=f"suspender of {self._name}")
        if RE.state.is_idle:
            return  # the next plan waits at its start
        RE.request_suspend(
            self._released,
            pre_plan=self._pre_plan,
            post_plan=self._post_plan,
            justification=self._get_justification(),
        )

    def _release(self) -> None:
        """Let the plan go on, after a while."""
        released, self._released = self._released, None
        if released is None:
            return
        if self._sleep > 0:
            clock = released.clock
            clock.call_at(clock.time() + self._sleep, released.set_finished)
        else:
            released.set_finished()

    def _get_justification(self) -> str:
        if not self.tripped:
            return ""
        return ": ".join(each for each in (self._reason(), self._tripped_message) if each)

    @property
    def _name(self) -> str:
        return getattr(self._sig, "name", repr(self._sig))


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


def _takes_events(signal: Any) -> bool:
    """Whether its ``subscribe`` is ophyd's, which calls at once only if asked to."""
    subscribe: Callable[..., Any] = signal.subscribe
    return "event_type" in inspect.signature(subscribe).parameters
