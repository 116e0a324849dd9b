"""Two-state devices: what is open or closed, and takes its time from one to the other."""

from collections.abc import Mapping
from typing import Any

from beamtwin.hardware.channel import Transport
from beamtwin.hardware.device import Device, pv
from beamtwin.hardware.sequence import Steps, sequence
from beamtwin.hardware.signals import Document, Kind, SignalR, SignalRW
from beamtwin.orchestration.errors import (
    InterlockError,
    LimitsError,
    MoveError,
    StatusTimeoutError,
)
from beamtwin.orchestration.status import Status, finished

__all__ = ["EPSTwoState", "TwoState"]


class TwoState(Device):
    """Something that is set to ``"Open"`` or ``"Close"``. Subclasses say how it is commanded, and how it is known.

    Parameters
    ----------
    timeout_s : float, optional
        How long one attempt may take; default: the class's.
    """

    #: What `set` takes, and what it means; the first two are what `locate` answers.
    words: Mapping[str, bool] = {"Open": True, "Close": False, "Closed": False}
    timeout_s = 10.0
    attempts = 1

    def __init__(
        self,
        prefix: str,
        name: str,
        transport: Transport,
        *,
        timeout_s: float | None = None,
        parent: Any = None,
    ):
        super().__init__(prefix, name, transport, parent=parent)
        if timeout_s is not None:
            self.timeout_s = timeout_s
        self._asked: bool | None = None

    @property
    def is_open(self) -> bool | None:
        """Whether it is; None in between."""
        raise NotImplementedError

    def locate(self) -> Document:
        """What was asked for last, and what it is."""
        is_open = self.is_open
        asked = is_open if self._asked is None else self._asked
        return {"setpoint": self._word(asked), "readback": self._word(is_open)}

    def check_value(self, value: str) -> None:
        """Raise `LimitsError` for a word that means nothing."""
        self._meant(value)

    def set(self, value: str, *, timeout: float | None = None) -> Status:
        """Open or close.

        Parameters
        ----------
        value : str
            One of `words`.
        timeout : float, optional
            Seconds for all attempts.

        Returns
        -------
        Status
            Fails with `MoveError` where it does not get there.

        Raises
        ------
        InterlockError
            At once, where it is not permitted.
        """
        wanted = self._meant(value)
        self._asked = wanted
        name = f"{self.name}: {value.lower()}"
        if self.is_open is wanted:
            return finished(self.clock, name)
        self.check_permit(wanted)
        return sequence(self.clock, self._steps(wanted), name, timeout=timeout)

    def open(self) -> Status:
        """`set` it open."""
        return self.set(self._word(True))

    def close(self) -> Status:
        """`set` it closed."""
        return self.set(self._word(False))

    # --- for subclasses

    def check_permit(self, wanted: bool) -> None:
        """Raise `InterlockError` where it may not be operated."""

    def command(self, wanted: bool) -> Status:
        """Tell it to."""
        raise NotImplementedError

    def arrival(self, wanted: bool) -> Steps:
        """Wait until it is; with a limit, as of `limited`."""
        raise NotImplementedError

    def reason(self, wanted: bool) -> str:
        """Why it may not be, if anything is known."""
        return ""

    def limited(self, signal: SignalR[Any], value: Any) -> Status:
        """A status for a signal's value, which fails when an attempt has taken too long."""
        return signal.when(lambda now: now == value, self.timeout_s)

    # --- inside

    def _steps(self, wanted: bool) -> Steps:
        for _ in range(self.attempts):
            yield self.command(wanted)
            try:
                yield from self.arrival(wanted)
            except StatusTimeoutError:
                if self.reason(wanted):
                    break
            else:
                return
        raise self._failure(wanted)

    def _failure(self, wanted: bool) -> MoveError:
        times = "" if self.attempts == 1 else f" in {self.attempts} attempts"
        reason = self.reason(wanted)
        return MoveError(
            f"{self.name}: did not {self._word(wanted).lower()} within {self.timeout_s:g} s{times}:"
            f" it is {self._word(self.is_open).lower()}{reason and '; ' + reason} ({self.prefix})"
        )

    def _word(self, is_open: bool | None) -> str:
        if is_open is None:
            return "Between"
        return next(word for word, means in self.words.items() if means is is_open)

    def _meant(self, value: str) -> bool:
        try:
            return self.words[value]
        except (KeyError, TypeError):
            known = ", ".join(map(repr, self.words))
            raise LimitsError(f"{self.name}: {value!r} is not one of {known}") from None


class EPSTwoState(TwoState):
    """A two-state device of NSLS-II's equipment protection: photon shutters, gate valves, pneumatic actuators.

    Now and then such a device ignores a command; it is told again, a few times.
    """

    position: SignalR[str] = pv("Pos-Sts", kind=Kind.hinted, primary=True)
    open_command: SignalRW[bool] = pv("Cmd:Opn-Cmd", kind=Kind.omitted)
    close_command: SignalRW[bool] = pv("Cmd:Cls-Cmd", kind=Kind.omitted)
    fail_to_open: SignalR[bool] = pv("Sts:FailOpn-Sts", kind=Kind.omitted)
    fail_to_close: SignalR[bool] = pv("Sts:FailCls-Sts", kind=Kind.omitted)
    enabled: SignalR[bool] = pv("Enbl-Sts", kind=Kind.config)

    #: What ``Pos-Sts`` says.
    states: Mapping[bool, str] = {True: "Open", False: "Not Open"}
    timeout_s = 5.0
    attempts = 4

    @property
    def is_open(self) -> bool:
        """Whether it is."""
        return self.position.get() == self.states[True]

    def check_permit(self, wanted: bool) -> None:
        """Raise `InterlockError` where the control room has not enabled it."""
        if not self.enabled.get():
            raise InterlockError(
                f"{self.name}: cannot {self._word(wanted).lower()}: it is not enabled"
                f" ({self.enabled.channel.name}); ask the control room"
            )

    def command(self, wanted: bool) -> Status:
        """Press the button."""
        return (self.open_command if wanted else self.close_command).put(True)

    def arrival(self, wanted: bool) -> Steps:
        """Wait for ``Pos-Sts``."""
        yield self.limited(self.position, self.states[wanted])

    def reason(self, wanted: bool) -> str:
        """What its failure bits say."""
        fault = self.fail_to_open if wanted else self.fail_to_close
        return f"{fault.channel.name} is set" if fault.get() else ""
