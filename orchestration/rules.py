"""The engine's states and what may follow what, as tables: no effects.

Facts about commands that the engine has to respect stand here too.
"""

from enum import StrEnum

from beamtwin.orchestration.errors import TransitionError

__all__ = [
    "GOES_ON",
    "NOT_REPLAYED",
    "RESETS_CHECKPOINT",
    "TRANSITIONS",
    "State",
    "can_follow",
    "check_transition",
]


class State(StrEnum):
    """What the engine is doing; equal to its name."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    SUSPENDING = "suspending"
    STOPPING = "stopping"
    ABORTING = "aborting"
    HALTING = "halting"
    PANICKED = "panicked"

    @property
    def is_idle(self) -> bool:
        """No plan is under way."""
        return self is State.IDLE

    @property
    def is_running(self) -> bool:
        """A plan is under way."""
        return self is State.RUNNING

    @property
    def is_paused(self) -> bool:
        """A plan waits for `resume`, `stop`, `abort` or `halt`."""
        return self is State.PAUSED

    @property
    def can_pause(self) -> bool:
        """Whether a pause can be asked for."""
        return can_follow(self, State.PAUSING)


_ENDINGS = {State.HALTING, State.STOPPING, State.ABORTING}

TRANSITIONS: dict[State, set[State]] = {
    State.IDLE: {State.RUNNING},
    State.RUNNING: {State.IDLE, State.PAUSING, State.SUSPENDING, *_ENDINGS},
    State.PAUSING: {State.PAUSED, State.IDLE, State.HALTING, State.ABORTING},
    State.SUSPENDING: {State.RUNNING, State.HALTING, State.ABORTING},
    State.PAUSED: {State.IDLE, State.RUNNING, *_ENDINGS},
    State.HALTING: {State.IDLE},
    State.STOPPING: {State.IDLE},
    State.ABORTING: {State.IDLE},
    State.PANICKED: set(),
}
for _state, _next in TRANSITIONS.items():
    if _state is not State.PANICKED:
        _next.add(State.PANICKED)


def can_follow(old: State, new: State) -> bool:
    """Whether the engine can go from ``old`` to ``new``."""
    return new in TRANSITIONS[old]


def check_transition(old: State, new: State) -> None:
    """Raise `TransitionError` where ``new`` cannot follow ``old``."""
    if not can_follow(old, new):
        allowed = ", ".join(sorted(TRANSITIONS[old])) or "nothing: make a new engine"
        raise TransitionError(f"the engine is {old} and cannot become {new} (possible: {allowed})")


#: Done once, and not again when a plan is taken up from its last checkpoint.
NOT_REPLAYED = frozenset(
    [
        "pause",
        "subscribe",
        "unsubscribe",
        "stage",
        "unstage",
        "monitor",
        "unmonitor",
        "open_run",
        "close_run",
        "install_suspender",
        "remove_suspender",
        "_start_suspender",
    ]
)

#: Nothing before these is ever replayed: each is a checkpoint of its own.
RESETS_CHECKPOINT = frozenset(
    [
        "open_run",
        "close_run",
        "stage",
        "unstage",
        "monitor",
        "unmonitor",
        "subscribe",
        "unsubscribe",
    ]
)

#: Waiting that a pause cuts short, and that goes on afterwards even where nothing is replayed.
GOES_ON = frozenset(["sleep", "wait", "wait_for"])
