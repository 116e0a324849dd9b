"""What can go wrong, as a tree.

* `BeamtwinError`: everything that beamtwin raises on purpose
    * `LimitsError` (also a ValueError): a value outside a device's limits
    * `NotConnectedError` (also a ConnectionError): a PV that did not answer
    * `PutError`: a server refused a value
        * `AccessError` (also a PermissionError): it gives this client no right to write
    * `DeclarationError` (also a TypeError): a device class is not declared as it must be
    * `MoveError`: a motor did not get to where it was sent
    * `InterlockError`: an interlock does not permit what was asked for
    * `AddressError` (also an OSError): a network address that cannot be served at
    * `StateError`: a twin's state cannot be taken, or restored
    * `AcquisitionError`: a detector did not take, or could not write, what it was asked for
    * `DeadlockError`: in virtual time, nothing is left that could end a wait
    * `StatusTimeoutError`, `WaitForTimeoutError` (also TimeoutError)
    * `FailedStatus`: an action that a device began has failed
    * `UnknownStatusFailure`: a device gave no reason
    * `DeviceError` (also a RuntimeError): a device does not do what the engine may expect of it
        * `ProtocolError` (also an AssertionError): it lacks methods that a message needs
    * `ReadingError` (also a ValueError): a reading that fits no event
    * `PlanError` (also a ValueError): a plan's arguments make no sense
        * `PlanTypeError` (also a TypeError): they are of the wrong kind
    * `IllegalMessageSequence` (also a RuntimeError), `InvalidCommand` (also a KeyError): the plan is at fault
        * `UndeclaredStreamError` (also an AssertionError): a stream to collect into was not declared
    * `UnknownDocument` (also a KeyError and a ValueError): a kind of document that there is not
    * `TransitionError` (also a RuntimeError): the engine cannot do that in the state it is in
    * `RunEngineControlException`: thrown into a plan to end it
        * `RequestStop`, `RequestAbort`, `FailedPause`
    * `NoReplayAllowed`: a device cannot be paused in the middle of what it does
    * `RampFail` (also a RuntimeError): a ramp was not over in time
    * `RunEngineInterrupted`: the engine returned before the plan's end

`PlanHalt` is a GeneratorExit, so that a halted plan cannot catch it.
The names that Bluesky has mean the same here.
"""

__all__ = [
    "AccessError",
    "AcquisitionError",
    "AddressError",
    "BeamtwinError",
    "DeadlockError",
    "DeclarationError",
    "DeviceError",
    "FailedPause",
    "FailedStatus",
    "IllegalMessageSequence",
    "InterlockError",
    "InvalidCommand",
    "LimitsError",
    "MoveError",
    "NoReplayAllowed",
    "NotConnectedError",
    "PlanError",
    "PlanHalt",
    "PlanTypeError",
    "PutError",
    "RampFail",
    "ReadingError",
    "RequestAbort",
    "RequestStop",
    "RunEngineControlException",
    "RunEngineInterrupted",
    "StateError",
    "StatusTimeoutError",
    "TransitionError",
    "UndeclaredStreamError",
    "UnknownDocument",
    "UnknownStatusFailure",
    "WaitForTimeoutError",
]


class BeamtwinError(Exception):
    """Raised on purpose: its text tells a person what to do."""


class LimitsError(BeamtwinError, ValueError):
    """A value outside a device's limits."""


class NotConnectedError(BeamtwinError, ConnectionError):
    """One or more PVs did not answer.

    Parameters
    ----------
    message : str
    advice : str
        Where they were looked for, and what to do: it ends the message, and those of others that this one led to.
    """

    def __init__(self, message: str, advice: str = ""):
        super().__init__(f"{message} ({advice})" if advice else message)
        self.advice = advice


class PutError(BeamtwinError):
    """A server refused or failed to process a value."""


class AccessError(PutError, PermissionError):
    """A put that this client may not make."""

    __str__ = Exception.__str__


class DeclarationError(BeamtwinError, TypeError):
    """A device class is not declared as it must be."""


class MoveError(BeamtwinError):
    """A motor did not get to where it was sent."""


class InterlockError(BeamtwinError):
    """An interlock does not permit what was asked for."""


class AcquisitionError(BeamtwinError):
    """A detector did not take, or could not write, what it was asked for."""


class AddressError(BeamtwinError, OSError):
    """A network address that cannot be served at."""

    __str__ = Exception.__str__


class StateError(BeamtwinError):
    """A twin's state cannot be taken, or restored."""


class DeadlockError(BeamtwinError):
    """In virtual time, nothing is left to happen that could end a wait."""


class StatusTimeoutError(BeamtwinError, TimeoutError):
    """A device's action did not end in the time it was given."""


class WaitForTimeoutError(BeamtwinError, TimeoutError):
    """A plan's ``wait`` did not end in the time it was given."""


class FailedStatus(BeamtwinError):
    """An action that a device began has failed; its argument is the status, and its cause is chained."""

    def __str__(self) -> str:
        return str(self.__cause__) if self.__cause__ else super().__str__()


class UnknownStatusFailure(BeamtwinError):
    """A status failed without saying why."""


class DeviceError(BeamtwinError, RuntimeError):
    """A device does not do what the engine may expect of it."""


class ReadingError(BeamtwinError, ValueError):
    """A reading that fits no event: of keys that were not described, or that another device has as well."""


class ProtocolError(DeviceError, AssertionError):
    """A device lacks methods that a message needs."""


class PlanError(BeamtwinError, ValueError):
    """A plan's arguments make no sense."""


class PlanTypeError(PlanError, TypeError):
    """A plan's arguments are of the wrong kind."""


class IllegalMessageSequence(BeamtwinError, RuntimeError):
    """Messages in an order that has no meaning."""


class UndeclaredStreamError(IllegalMessageSequence, AssertionError):
    """``collect`` into a stream that was not declared as it must be."""


class UnknownDocument(BeamtwinError, KeyError, ValueError):
    """A kind of document that the event model does not have."""

    __str__ = Exception.__str__


class InvalidCommand(BeamtwinError, KeyError):
    """A message whose command the engine does not know."""

    __str__ = Exception.__str__


class TransitionError(BeamtwinError, RuntimeError):
    """The engine was asked to go from one state to another that cannot follow it."""


class RunEngineControlException(BeamtwinError):
    """Thrown into a plan to end it."""

    exit_status = "abort"


class RequestAbort(RunEngineControlException):
    """The plan ends, cleaning up; its runs are marked as aborted."""


class RequestStop(RunEngineControlException):
    """The plan ends, cleaning up; its runs are marked as successful."""

    exit_status = "success"


class FailedPause(RunEngineControlException):
    """The plan ends, cleaning up: it was to be paused or suspended, and cannot be taken up again."""


class NoReplayAllowed(BeamtwinError):
    """Raised by a device's ``pause()``: what the plan has done until now must not be done again."""


class RampFail(BeamtwinError, RuntimeError):
    """A ramp was not over in the time it was given."""


class RunEngineInterrupted(BeamtwinError):
    """The engine returned before the plan's end."""


class PlanHalt(GeneratorExit):
    """The plan ends at once, without cleaning up."""

    exit_status = "abort"
