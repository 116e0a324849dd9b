"""Records of parameters: made when somebody looks at them.

A camera with its plugins has thousands of records, most of which no client ever asks for. Until one does, a record is a
name, and the parameter's value is in the port's library.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from beamtwin.orchestration.status import Status
from beamtwin.twin.record import short

__all__ = ["parameter_record"]


class _ParameterRecord:
    """What a record type gets to serve a parameter."""

    def __init__(self, parameters: Any, parameter: str, name: str, is_output: bool):
        self.name = name
        self._parameters = parameters
        self._parameter = parameter
        self._is_output = is_output
        self._made = False
        self._under_way: Status | None = None

    def __getattr__(self, attribute: str) -> Any:
        """What the record type's own ``__init__`` would have set: let it."""
        if self.__dict__.get("_made", True):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")
        self._made = True
        self._parameters.make(self, self._parameter, self._is_output)
        return getattr(self, attribute)

    def send(self, field: str, value: Any) -> None:
        """Write a field and ask for no completion: at once, whatever is under way."""
        self._write(field, value)

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field; a busy record that is at it already does so when that has ended, as in EPICS."""
        before = self._under_way
        if field != "VAL" or before is None or before.done:
            status = self._write(field, value)
            self._under_way = status if self._parameters.is_busy(self._parameter) else None
            return status
        self.convert(field, value)
        status = Status(before.clock, name=self.name)
        before.add_callback(lambda _: _follow(self._write(field, value), status))
        return status

    def state(self) -> dict[str, Any]:
        """What a snapshot holds of it."""
        return self._parameters.state(self._parameter, self._is_output)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Undo what has happened since a snapshot."""
        self._parameters.restore(self._parameter, self._is_output, state)

    @property
    def under_way(self) -> str:
        """What the port is doing that this parameter stands for."""
        return self._parameters.under_way(self._parameter) if self._is_output else ""

    def _write(self, field: str, value: Any) -> Status | None:
        return super().put(field, value)  # type: ignore[misc] - the record type's


def _follow(done: Status | None, status: Status) -> None:
    if done is None:
        status.set_finished()
    else:
        done.add_callback(lambda _: status.set_finished())


class _Fields:
    """The fields of a record type that may decide on them in its ``__init__``, as waveforms do."""

    def __init__(self, fields: Mapping[str, Any]):
        self._fields = fields

    def __get__(self, record: Any, owner: type) -> Mapping[str, Any]:
        if record is not None and not record.__dict__["_made"]:
            record.values  # noqa: B018 - which makes the record
            return record.fields
        return self._fields


@cache
def parameter_record(kind: Any) -> Callable[..., Any]:
    """The type of the records of this kind that serve a parameter."""
    fields = {"DISA": short(), **kind.fields}  # where a driver says that it lacks a setting
    return type(f"Parameter{kind.__name__}", (_ParameterRecord, kind), {"fields": _Fields(fields)})
