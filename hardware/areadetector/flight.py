"""Flight: frames that a detector takes by itself, from kickoff to complete."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import SignalRW
from beamtwin.orchestration.errors import AcquisitionError, LimitsError
from beamtwin.orchestration.status import Status, settle

if TYPE_CHECKING:
    from beamtwin.hardware.areadetector.detector import AreaDetector

__all__ = ["Flight", "FrameSequence"]

#: Seconds for a detector to begin.
BEGIN_S = 10.0

#: Seconds that are waited for triggers from elsewhere: a day.
PATIENCE_S = 86_400.0


@dataclass(frozen=True)
class FrameSequence:
    """What a detector is to take in flight.

    Parameters
    ----------
    events : int
        How many events the frames make.
    frames : int
        In each event.
    exposure_s, period_s : float, optional
        Of a frame, and from one to the next; as they are set, where not given.
    trigger : str
        ``"internal"``, or ``"edge"``: each frame waits for a pulse.
    """

    events: int
    frames: int = 1
    exposure_s: float | None = None
    period_s: float | None = None
    trigger: str = "internal"

    def __post_init__(self) -> None:
        if self.events < 1 or self.frames < 1:
            raise LimitsError(f"{self}: events and frames must be 1 or more")
        if self.period_s is not None and self.period_s < (self.exposure_s or 0.0):
            raise LimitsError(
                f"{self}: frames every {self.period_s:g} s cannot have {self.exposure_s:g} s of exposure each"
            )

    @classmethod
    def of(cls, value: "FrameSequence | Mapping[str, Any] | int") -> "FrameSequence":
        """From what a plan gives: itself, its arguments, or a number of events."""
        if isinstance(value, FrameSequence):
            return value
        return cls(value) if isinstance(value, int) else cls(**value)

    @property
    def images(self) -> int:
        """All frames."""
        return self.events * self.frames


class Flight:
    """One flight of a detector.

    Parameters
    ----------
    detector : AreaDetector
    plan : FrameSequence
    """

    def __init__(self, detector: "AreaDetector", plan: FrameSequence):
        self.plan = plan
        self._detector = detector
        self._end: Status | None = None
        self._stopped: bool | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun, and not ended."""
        return self._end is not None and not self._end.done

    def prepare(self) -> Status:
        """Set what it needs; `unstage` puts it back."""
        detector = self._detector
        name = f"{detector.name}: prepare"
        return sequence(detector.clock, self._prepare_steps(), name)

    def kickoff(self) -> Status:
        """Begin; done when the detector acquires."""
        detector = self._detector
        self._end = sequence(detector.clock, self._fly(), f"{detector.name}: fly")
        begun = detector.cam.acquire.when(bool, BEGIN_S)
        # What ends before it has begun has failed to begin.
        self._end.add_callback(partial(settle, begun))
        return begun

    def complete(self) -> Status:
        """Done when all frames have been written."""
        if self._end is None:
            raise AcquisitionError(f"{self._detector.name}: complete without kickoff")
        return self._end

    def stop(self, success: bool) -> None:
        """It was stopped, on purpose or not."""
        self._stopped = success

    def _prepare_steps(self) -> Steps:
        detector, plan = self._detector, self.plan
        if detector.recording is None:
            raise AcquisitionError(
                f"{detector.name}: prepare: it is not staged, or has no writer: its frames would be lost"
            )
        cam = detector.cam
        settings: dict[SignalRW[Any], Any] = cam.settings_for(plan.images, plan.trigger)
        if plan.exposure_s is not None:
            settings[cam.acquire_time] = plan.exposure_s
        if plan.period_s is not None:
            settings[cam.acquire_period] = plan.period_s
        yield from detector.set_for_stage(settings)
        if detector.recording.frames != plan.frames or not detector.recording.is_whole:
            yield from detector.record(plan.frames)

    def _fly(self) -> Steps:
        detector, plan = self._detector, self.plan
        recording = detector.recording
        assert recording is not None
        events = recording.events + plan.events
        try:
            yield from detector.acquire(
                plan.images, None if plan.trigger == "internal" else PATIENCE_S
            )
        except AcquisitionError:
            if self._stopped:  # on purpose: what there is, is all
                return
            raise
        yield from recording.wait_for(events)
