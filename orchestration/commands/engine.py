"""Commands that concern the engine itself, and not one session alone."""

from collections import ChainMap
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from beamtwin.orchestration.commands.command import Command
from beamtwin.orchestration.errors import IllegalMessageSequence
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.suspension import resume_from_suspender, start_suspender

if TYPE_CHECKING:
    from beamtwin.orchestration.engine import RunEngine

__all__ = ["EngineCommands"]


class EngineCommands:
    """The commands of one engine.

    Parameters
    ----------
    engine : RunEngine
    """

    def __init__(self, engine: "RunEngine"):
        self.engine = engine
        self._plan: dict[str, str] = {}
        self._metadata: dict[str, Any] = {}

    @property
    def table(self) -> dict[str, Command]:
        """By name."""
        return {
            "open_run": self.open_run,
            "close_run": self.close_run,
            "subscribe": self.subscribe,
            "unsubscribe": self.unsubscribe,
            "install_suspender": self.install_suspender,
            "remove_suspender": self.remove_suspender,
            "_start_suspender": start_suspender,
            "_resume_from_suspender": resume_from_suspender,
            "RE_class": self.engine_class,
        }

    def describe_call(self, plan: Any, metadata: dict[str, Any]) -> None:
        """Say what the start documents to come are of."""
        self._metadata = metadata
        self._plan = {"plan_type": type(plan).__name__, "plan_name": getattr(plan, "__name__", "")}

    def open_run(self, session: Session, msg: Msg) -> str:
        """Open a run; answers its uid."""
        if msg.run in session.runs.open:
            raise IllegalMessageSequence(
                "'open_run' while a run is open: 'close_run' must come first"
            )
        engine = self.engine
        engine.md["scan_id"] = self._scan_id(session)
        metadata = dict(ChainMap(self._metadata, msg.kwargs, self._plan, engine.md))
        engine.md_validator(dict(metadata))
        run = session.runs.begin(msg.run, engine.md_normalizer(deepcopy(metadata)))
        if engine.record_interruptions:
            run.declare_interruptions()
        return run.uid

    def _scan_id(self, session: Session) -> Any:
        """The next; its source may be a coroutine function."""
        scan_id = self.engine.scan_id_source(self.engine.md)
        return session.devices.call(lambda: scan_id) if hasattr(scan_id, "__await__") else scan_id

    def close_run(self, session: Session, msg: Msg) -> str:
        """Close a run; answers its uid. How a plan that is being ended ends, the engine knows best."""
        exit_status = session.exit_status
        if session.interruption is None:
            exit_status = msg.kwargs.get("exit_status") or exit_status
        return session.runs.end(msg, exit_status, msg.kwargs.get("reason") or session.reason)

    def subscribe(self, session: Session, msg: Msg) -> int:
        """Subscribe a function for the length of this call; answers a token."""
        token = self.engine.subscribe(*msg.args, **msg.kwargs)
        session.tokens.append(token)
        return token

    def unsubscribe(self, session: Session, msg: Msg) -> None:
        """End a subscription."""
        token = msg.args[0] if msg.args else msg.kwargs["token"]
        self.engine.unsubscribe(token)

    def install_suspender(self, session: Session, msg: Msg) -> None:
        """From now on a suspender can suspend plans."""
        self.engine.install_suspender(msg.args[0])

    def remove_suspender(self, session: Session, msg: Msg) -> None:
        """End ``install_suspender``."""
        self.engine.remove_suspender(msg.args[0])

    def engine_class(self, session: Session, msg: Msg) -> type:
        """Answer the engine's class."""
        return type(self.engine)
