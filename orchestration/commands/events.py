"""Commands that make events: bundles of readings, and monitors."""

from typing import Any

from beamtwin.orchestration.errors import DeviceError, UndeclaredStreamError
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.session import Session
from beamtwin.orchestration.status import names

__all__ = ["create", "declare_stream", "drop", "monitor", "read", "save", "unmonitor"]


def create(session: Session, msg: Msg) -> None:
    """Begin an event of the stream ``name``."""
    run = session.runs.of(msg)
    run.create(msg.args[0] if msg.args else msg.kwargs.get("name", "primary"))


def read(session: Session, msg: Msg) -> Any:
    """Read a device; inside a bundle its reading becomes part of the event."""
    device = msg.obj
    reading = device.read(*msg.args, **msg.kwargs)
    if reading is None:
        raise DeviceError(f"{names([device])}: read() returned None, and must return a dictionary")
    run = session.runs.open.get(msg.run)
    if run is not None and run.bundling:
        run.read(device, reading)
    return reading


def save(session: Session, msg: Msg) -> None:
    """Emit the event that ``create`` began."""
    session.runs.of(msg).save()


def drop(session: Session, msg: Msg) -> None:
    """Forget the event that ``create`` began."""
    session.runs.of(msg).drop()


def declare_stream(session: Session, msg: Msg) -> Any:
    """Emit the descriptor of a stream before there is any data."""
    run, name = session.runs.of(msg), msg.kwargs.get("name")
    if name is None:
        raise UndeclaredStreamError("A stream name that is not None is required for pre-declare")
    devices = [session.devices.meet(device) for device in msg.args]
    return run.predeclare(name, devices, collect=msg.kwargs.get("collect", False)).descriptor


def monitor(session: Session, msg: Msg) -> None:
    """Emit an event whenever a device has news."""
    kwargs = dict(msg.kwargs)
    name = kwargs.pop("name", None) or f"{msg.obj.name}_monitor"
    session.runs.of(msg).monitor(msg.obj, name, session.inbox.post, **kwargs)


def unmonitor(session: Session, msg: Msg) -> None:
    """End ``monitor``."""
    session.runs.of(msg).monitors.end(msg.obj)
