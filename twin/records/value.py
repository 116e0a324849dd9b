"""What the records have in common that are about one value, in VAL."""

from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.clock import SimClock
from beamtwin.twin.record import Record

__all__ = ["OnPut", "ValueRecord"]

#: How a model reacts to a value that a client has written: a status is done when it has done so.
OnPut = Callable[[Any], "Status | None"]


class ValueRecord(Record):
    """A record whose alarm follows its value.

    Parameters
    ----------
    on_put : callable, optional
        Called with each value that a client writes to VAL, once monitors know it. A status that it
        returns is the put's completion.
    """

    def __init__(
        self, clock: SimClock, name: str, on_put: OnPut | None = None, **field_values: Any
    ):
        super().__init__(clock, name, **field_values)
        self.on_put = on_put
        self._fault = (0, 0)
        self._judge(self.values["VAL"])

    def alarm_of(self, value: Any) -> tuple[int, int]:
        """Severity and status that a value brings with it."""
        return 0, 0

    def is_news(self, value: Any) -> bool:
        """Whether monitors of VAL are to hear of a value."""
        return bool(self.values["VAL"] != value)

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field; see `Record.put`."""
        completion = super().put(field, value)
        if field != "VAL":
            super().set_alarm(*self._alarm(self.values["VAL"]))
        elif self.on_put is not None:
            return self.on_put(self.values["VAL"])
        return completion

    def post(self, field: str, value: Any) -> None:
        """Store the record's own new value; see `Record.post`."""
        if field != "VAL":
            return super().post(field, value)
        self.timestamp = self.clock.time()
        changed = self.is_news(value)
        self.values["VAL"] = value
        if self._judge(value):
            for each in self.alarmed:
                self.notify(each)
        elif changed:
            self.notify("VAL")
        return None

    def set_alarm(self, severity: int, status: int = 0) -> None:
        """Let the record be in alarm whatever its value; see `Record.set_alarm`."""
        self._fault = (severity, status)
        super().set_alarm(*self._alarm(self.values["VAL"]))

    def _alarm(self, value: Any) -> tuple[int, int]:
        return max(self._fault, self.alarm_of(value), key=_severity)

    def _judge(self, value: Any) -> bool:
        return self.raise_alarm(*self._alarm(value))


def _severity(alarm: tuple[int, int]) -> int:
    return alarm[0]
