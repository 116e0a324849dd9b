"""Devices: those that a plan has met, and what the engine owes them."""

from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.asyncio_devices import AsyncioDevice, finish, is_asyncio_device
from beamtwin.orchestration.background import Background
from beamtwin.orchestration.cleanup import CLEANUP_TIMEOUT_S, stop_devices
from beamtwin.orchestration.clock import Clock
from beamtwin.orchestration.errors import NoReplayAllowed

__all__ = ["Devices"]


class Devices:
    """The devices that a plan has met.

    Parameters
    ----------
    clock : Clock
    background : Background
        Where asyncio devices live.

    Attributes
    ----------
    known : dict
        Every device, and as what the engine calls it: itself, or an `AsyncioDevice`.
    moved, staged : dict
        Those that have been; sets that keep their order.
    cleaning_up : bool
        Whether nothing may take long any more.
    """

    def __init__(self, clock: Clock, background: Background):
        self.known: dict[Any, Any] = {}
        self.moved: dict[Any, None] = {}
        self.staged: dict[Any, None] = {}
        self.cleaning_up = False
        self._clock = clock
        self._background = background

    def meet(self, device: Any) -> Any:
        """As what the engine calls a device: decided when it is first met."""
        known = self.known.get(device)
        if known is None:
            known = AsyncioDevice(device, self.call) if is_asyncio_device(type(device)) else device
            self.known[device] = known
        return known

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the background loop; answers when it is done."""
        future = self._background.submit(finish(function, *args, **kwargs))
        return future.result(CLEANUP_TIMEOUT_S if self.cleaning_up else None)

    def rest(self) -> bool:
        """Stop what moves, and tell devices that care of a pause; returns whether all of them can be taken up again."""
        stop_devices(self._clock, self.moved)
        replayable = True
        for device in tuple(self.known.values()):
            try:
                _call_if_there(device, "pause")
            except NoReplayAllowed:
                replayable = False
        return replayable

    def wake(self) -> None:
        """Tell devices that care of a pause's end."""
        for device in tuple(self.known.values()):
            _call_if_there(device, "resume")


def _call_if_there(device: Any, method: str) -> None:
    function = getattr(device, method, None)
    if function is not None:
        function()
