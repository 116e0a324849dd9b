"""What a command is."""

from collections.abc import Callable
from typing import Any

from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session

__all__ = ["Command"]

Command = Callable[[Session, Msg], Any]
