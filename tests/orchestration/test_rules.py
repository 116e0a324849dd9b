"""The engine's states."""

import pytest

from beamtwin.orchestration.errors import TransitionError
from beamtwin.orchestration.rules import TRANSITIONS, State, can_follow, check_transition


def test_states_equal_their_names() -> None:
    assert State.PAUSED == "paused"
    assert f"{State.RUNNING}" == "running"


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_idle_can_be_reached_from_wherever_a_plan_can_end() -> None:
    ends = {state for state in State if can_follow(state, State.IDLE)}
    assert ends == {
        State.RUNNING,
        State.PAUSING,
        State.PAUSED,
        State.STOPPING,
        State.ABORTING,
        State.HALTING,
    }


def test_panic_is_possible_everywhere_and_final() -> None:
    assert all(can_follow(state, State.PANICKED) for state in State if state != "panicked")
    assert not any(can_follow(State.PANICKED, state) for state in State)


@pytest.mark.parametrize(
    ("state", "flags"),
    [
        (State.IDLE, (True, False, False, False)),
        (State.RUNNING, (False, True, False, True)),
        (State.PAUSED, (False, False, True, False)),
        (State.ABORTING, (False, False, False, False)),
    ],
)
def test_what_a_state_allows(state: State, flags: tuple[bool, ...]) -> None:
    assert (state.is_idle, state.is_running, state.is_paused, state.can_pause) == flags


def test_an_impossible_transition_says_what_is_possible() -> None:
    with pytest.raises(
        TransitionError, match=r"is idle and cannot become paused \(possible: panicked, running\)"
    ):
        check_transition(State.IDLE, State.PAUSED)
    check_transition(State.IDLE, State.RUNNING)
