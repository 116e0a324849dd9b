"""Autosave: what a twin's motors have been set to, kept in a file from one start of its IOC to the next."""

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError, StateError
from beamtwin.twin.clock import PacedClock
from beamtwin.twin.database import Database
from beamtwin.twin.records import MotorRecord

__all__ = ["Autosave"]

FORMAT = 1

#: Seconds, by the wall, from one look to the next.
PERIOD_S = 5.0


class Autosave:
    """Restores motors from a file on entry, and writes them to it: every few seconds if they have changed, and on exit.

    A file that makes no sense is a warning, and is put aside; so is one that cannot be written. Where there can be no
    such file, entry raises `StateError`.

    Parameters
    ----------
    database : Database
        On a `PacedClock`.
    path : path
        Of the file; it need not be there.

    Attributes
    ----------
    report : str
        What was restored, once it is.
    """

    def __init__(self, database: Database, path: Path):
        self._database = database
        self._path = path
        self._written: dict[str, Any] = {}
        self._warned = False
        self.report = ""

    def __enter__(self) -> "Autosave":
        self._refuse_nowhere()
        self.report = self._restore()
        self._look_later()
        return self

    def __exit__(self, *_: object) -> None:
        self.save()

    def save(self) -> None:
        """Write the file, if anything has changed; all of it or nothing."""
        states = {name: motor.state() for name, motor in self._motors.items()}
        if states == self._written:
            return
        text = json.dumps({"format": FORMAT, "motors": states}, indent=1)
        try:
            _replace(self._path, text)
        except OSError as error:
            self._warn(f"{self._path}: cannot be written: {error.strerror or error}")
        else:
            self._written = states

    def _refuse_nowhere(self) -> None:
        folder = self._path.parent
        if self._path.is_dir():
            raise StateError(
                f"{self._path}: autosave wants a file, and this is a folder; name a file"
            )
        if not folder.is_dir():
            raise StateError(
                f"{self._path}: autosave cannot write there: there is no folder {folder}; make it, or name another"
            )

    @property
    def _motors(self) -> dict[str, MotorRecord]:
        records = self._database.records
        return {name: each for name, each in records.items() if isinstance(each, MotorRecord)}

    def _restore(self) -> str:
        if not self._path.exists():
            return f"{self._path}: is not there yet; motors stand where the twin has them"
        try:
            states = _read(self._path)
            motors = self._motors
            known = {name: state for name, state in states.items() if name in motors}
            for name, state in known.items():
                motors[name].restore(state)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, BeamtwinError) as error:
            return self._put_aside(error)
        missing = len(states) - len(known)
        beside = f"; {missing} more are not in this twin" if missing else ""
        return f"{self._path}: {len(known)} motors restored{beside}"

    def _put_aside(self, error: Exception) -> str:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        self._path.replace(aside)
        warnings.warn(
            f"{self._path}: is no autosave file ({error}); it is kept as {aside.name}, and motors begin "
            "where the twin has them",
            stacklevel=3,
        )
        return ""

    def _look_later(self) -> None:
        clock = self._database.clock
        period_s = PERIOD_S * clock.speed if isinstance(clock, PacedClock) else PERIOD_S
        clock.call_at(clock.time() + period_s, self._look)

    def _look(self) -> None:
        self.save()
        self._look_later()

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(message, stacklevel=3)


def _read(path: Path) -> Mapping[str, Any]:
    content = json.loads(path.read_text())
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"format {FORMAT} is wanted")
    return content["motors"]


def _replace(path: Path, text: str) -> None:
    """Write a file so that there always is a whole one of that name."""
    new = path.with_name(f".{path.name}.new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
