"""Triggering: what one trigger of a detector, which makes one event, is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from beamtwin.hardware.sequence import Steps
from beamtwin.hardware.signals import SignalRW
from beamtwin.orchestration.errors import AcquisitionError

if TYPE_CHECKING:
    from beamtwin.hardware.areadetector.detector import AreaDetector

__all__ = ["Acquisition", "ContinuousTrigger", "MultiTrigger", "SingleTrigger", "Triggering"]


class Triggering(Protocol):
    """A way to take what makes one event."""

    @property
    def frames(self) -> int:
        """How many frames that are."""
        ...

    def stage_sigs(self, detector: "AreaDetector") -> Mapping[SignalRW[Any], Any]:
        """What is set while the detector is staged."""
        ...

    def begin(self, detector: "AreaDetector") -> Steps:
        """Make ready for triggers, when all is set."""
        ...

    def take(self, detector: "AreaDetector") -> Steps:
        """Take the frames of one event."""
        ...

    def end(self, detector: "AreaDetector") -> Steps:
        """Need no triggers any more."""
        ...


@dataclass(frozen=True)
class SingleTrigger:
    """One acquisition."""

    frames: int = 1

    def stage_sigs(self, detector: "AreaDetector") -> Mapping[SignalRW[Any], Any]:
        """So many images."""
        return detector.cam.settings_for(self.frames)

    def begin(self, detector: "AreaDetector") -> Steps:
        """Nothing to do."""
        yield from ()

    def take(self, detector: "AreaDetector") -> Steps:
        """Acquire."""
        yield from detector.acquire(self.frames)

    def end(self, detector: "AreaDetector") -> Steps:
        """Nothing to do."""
        yield from ()


@dataclass(frozen=True)
class Acquisition:
    """One of several acquisitions of an event.

    Parameters
    ----------
    label : str
        What it is for: ``"dark"``.
    settings : mapping
        By attribute of the detector: ``{"cam.shutter_control": "Close"}``.
    frames : int
    """

    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    frames: int = 1


@dataclass(frozen=True)
class MultiTrigger:
    """Several acquisitions, one after the other, each with settings of its own; their frames make one event.

    What is set stays so until another acquisition sets it, or the detector is unstaged.
    """

    acquisitions: Sequence[Acquisition]

    @property
    def frames(self) -> int:
        """Of all of them."""
        return sum(each.frames for each in self.acquisitions)

    def stage_sigs(self, detector: "AreaDetector") -> Mapping[SignalRW[Any], Any]:
        """As they are now, so that they are put back: whatever an acquisition sets."""
        signals = {signal for each in self.acquisitions for signal in _settings(detector, each)}
        own = detector.cam.settings_for(self.acquisitions[0].frames)
        return {**{signal: signal.get() for signal in signals}, **own}

    def begin(self, detector: "AreaDetector") -> Steps:
        """Nothing to do."""
        yield from ()

    def take(self, detector: "AreaDetector") -> Steps:
        """Set and acquire, in turn."""
        for each in self.acquisitions:
            for signal, value in _settings(detector, each).items():
                yield signal.set(value)
            yield detector.cam.num_images.set(each.frames)
            yield from detector.acquire(each.frames)

    def end(self, detector: "AreaDetector") -> Steps:
        """Nothing to do."""
        yield from ()


@dataclass(frozen=True)
class ContinuousTrigger:
    """The camera goes on and on; a trigger lets the next frames through the circular buffer ``CB1:``."""

    frames: int = 1

    def stage_sigs(self, detector: "AreaDetector") -> Mapping[SignalRW[Any], Any]:
        """Everything gets its frames from the buffer."""
        buffer = detector.cb1
        after = {
            plugin.nd_array_port: buffer.port_name.get()
            for plugin in detector.plugins()
            if plugin is not buffer and plugin.nd_array_port.get() == detector.cam.port_name.get()
        }
        return {
            detector.cam.image_mode: "Continuous",
            buffer.enable: True,
            buffer.nd_array_port: detector.cam.port_name.get(),
            buffer.flush_on_soft_trigger: "OnNewImage",
            buffer.preset_trigger_count: 0,
            buffer.pre_count: 0,
            buffer.post_count: self.frames,
            **after,
        }

    def begin(self, detector: "AreaDetector") -> Steps:
        """Let the camera run."""
        detector.cam.acquire.send(True)
        yield detector.cb1.capture.put(True)
        yield detector.cb1.capture.when(bool, detector.overhead_s)

    def take(self, detector: "AreaDetector") -> Steps:
        """Let frames through."""
        if not detector.cam.acquire.get():
            raise AcquisitionError(
                f"{detector.name}: the camera has stopped ({detector.cam.prefix}Acquire_RBV is Done): stage it anew"
            )
        timeout = detector.cam.exposure(self.frames + 1) + detector.overhead_s
        yield detector.cb1.trigger_.set(True, timeout=timeout)

    def end(self, detector: "AreaDetector") -> Steps:
        """Stop camera and buffer."""
        detector.cam.acquire.send(False)
        yield detector.cb1.capture.put(False)


def _settings(detector: Any, acquisition: Acquisition) -> dict[SignalRW[Any], Any]:
    return {attrgetter(path)(detector): value for path, value in acquisition.settings.items()}
