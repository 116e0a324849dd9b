"""StateMachine: the engine's state, which changes only as the table in `rules` allows."""

from collections.abc import Callable

from beamtwin.orchestration.rules import State, can_follow, check_transition

__all__ = ["StateMachine"]


class StateMachine:
    """What the engine is doing.

    Attributes
    ----------
    state : State
    hook : callable, optional
        Told of every change as ``hook(new, old)``.
    """

    def __init__(self) -> None:
        self.state = State.IDLE
        self.hook: Callable[[State, State], object] | None = None

    def become(self, new: State) -> None:
        """Change the state; `TransitionError` where that cannot be."""
        old = self.state
        check_transition(old, new)
        self.state = new
        if self.hook is not None:
            self.hook(new, old)

    def can_become(self, new: State) -> bool:
        """Whether that is possible now."""
        return can_follow(self.state, new)
