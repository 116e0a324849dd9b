"""What each message does: one function a command, and the table of them.

A function takes the session and the message; what it returns is the answer that the plan gets.
The meaning of every command is Bluesky's.
"""

from beamtwin.orchestration.commands import checkpoints, devices, events, fliers, waiting
from beamtwin.orchestration.commands.command import Command
from beamtwin.orchestration.commands.registry import CommandRegistry
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = ["COMMANDS", "Command", "CommandRegistry"]


def null(session: Session, msg: Msg) -> None:
    """Nothing."""


#: All but those that concern the engine itself, see `engine`.
COMMANDS: dict[str, Command] = {
    "null": null,
    "elapsed": waiting.elapsed,
    "sleep": waiting.sleep,
    "wait": waiting.wait,
    "wait_for": waiting.wait_for,
    "input": waiting.input_,
    "set": devices.set_,
    "trigger": devices.trigger,
    "prepare": devices.prepare,
    "stage": devices.stage,
    "unstage": devices.unstage,
    "stop": devices.stop,
    "configure": devices.configure,
    "locate": devices.locate,
    "kickoff": fliers.kickoff,
    "complete": fliers.complete,
    "collect": fliers.collect,
    "declare_stream": events.declare_stream,
    "create": events.create,
    "read": events.read,
    "save": events.save,
    "drop": events.drop,
    "monitor": events.monitor,
    "unmonitor": events.unmonitor,
    "checkpoint": checkpoints.checkpoint,
    "clear_checkpoint": checkpoints.clear_checkpoint,
    "rewindable": checkpoints.rewindable,
    "pause": checkpoints.pause,
}
