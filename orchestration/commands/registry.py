"""CommandRegistry: the commands of one engine, which may change at any time."""

import inspect
from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.commands.command import Command
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = ["CommandRegistry"]


class CommandRegistry(dict[str, Command]):
    """Commands by name."""

    def register(self, name: str, function: Callable[[Msg], Any]) -> None:
        """Let ``function(msg)``, which may be a coroutine function, answer a command."""

        def command(session: Session, msg: Msg) -> Any:
            return function(msg)

        def command_in_loop(session: Session, msg: Msg) -> Any:
            return session.devices.call(function, msg)

        in_loop = inspect.iscoroutinefunction(function)
        self[name] = chosen = command_in_loop if in_loop else command
        chosen.__doc__ = function.__doc__

    def describe(self, verbose: bool = False) -> str:
        """What each command does: the first line, or all, of what is said of it."""
        docs = {name: inspect.getdoc(command) or "" for name, command in self.items()}
        lines = [
            f"{name} : {doc if verbose else doc.partition(chr(10))[0]}"
            for name, doc in docs.items()
        ]
        return "\n".join(["List of available commands", *lines, ""])
