"""Msg: every word a plan can say to the engine."""

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, TypeVar

__all__ = ["Msg", "Plan", "as_generator"]

T = TypeVar("T")


class _Fields(NamedTuple):
    command: str
    obj: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    run: Any


class Msg(_Fields):
    """One request of a plan to the engine: Bluesky's five fields, so that either engine reads either's.

    Parameters
    ----------
    command : str
        What to do: a key of the engine's command table.
    obj : object, optional
        The device to do it with.
    *args, **kwargs
        What the command takes.
    run : hashable, optional
        The key of the run meant, in a plan with several runs open at once.

    Examples
    --------
    >>> Msg("set", None, 2.5, group="move")
    Msg('set', args=(2.5,), kwargs={'group': 'move'})
    """

    __slots__ = ()

    def __new__(
        cls, command: str, obj: Any = None, *args: Any, run: Any = None, **kwargs: Any
    ) -> "Msg":
        """Make a message: ``Msg("set", motor, 1.5, group="move")``."""
        return tuple.__new__(cls, (command, obj, args, kwargs, run))

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.command, self.obj, *self.args), {**self.kwargs, "run": self.run}

    def __repr__(self) -> str:
        parts = [repr(self.command)]
        if self.obj is not None:
            parts.append(getattr(self.obj, "name", None) or repr(self.obj))
        parts += [f"{k}={v!r}" for k, v in zip(self._fields[2:], self[2:], strict=True) if v]
        return f"Msg({', '.join(parts)})"


Plan = Generator[Msg, Any, T]


def as_generator(plan: Iterable[Msg]) -> Plan[Any]:
    """A plan that takes the engine's answers, of anything that yields messages: a list takes none itself."""
    return plan if isinstance(plan, Generator) else _iterate(plan)


def _iterate(messages: Iterable[Msg]) -> Plan[None]:
    for msg in messages:  # noqa: UP028 (a list's iterator cannot be sent the answers)
        yield msg
