"""What EPICS's dbProcess and put-notify do: records that are processed, now or later, and say when that has ended."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError
from beamtwin.orchestration.status import Status, gather, settle
from beamtwin.twin.link import INVALID
from beamtwin.twin.menus import STATUSES
from beamtwin.twin.record import ALARM, LOG, VALUE, Record

__all__ = ["ProcessedRecord"]

WRITE, SCAN, DISABLE = (STATUSES.index(name) for name in ("WRITE", "SCAN", "DISABLE"))

#: How often a record may be found busy before that is an alarm.
MAX_LOCK = 10

logger = logging.getLogger(__name__)

#: A part of a record's processing; the status of what is to be waited for, if anything is.
Step = Callable[[], "Status | None"]


class ProcessedRecord(Record):
    """A record that does something when it is processed.

    A type says what in `begin` and `conclude`. While what `begin` has returned is not done, the record is busy
    (PACT), and is not processed again; `conclude` comes then. What `conclude` has returned holds back the forward
    link and the put's completion, no more: for a model that takes its time.
    """

    is_undefined_at_first = True

    _awaited: tuple[Status, ...] = ()
    #: What puts with completion have to wait for.
    _ahead: Status | None = None
    _queue: "deque[tuple[str, Any, Status]] | None" = None
    _held_back = 0
    _follow_ups: tuple[Callable[[], object], ...] = ()

    # --- for types

    @property
    def is_exclusive(self) -> bool:
        """Whether a put waits until that before it has ended."""
        return True

    def begin(self) -> Status | None:
        """Do what may take time."""
        return None

    def conclude(self) -> Status | None:
        """Have the value, its alarms, and tell monitors."""
        return None

    def later(self, delay_s: float, name: str = "a delay") -> Status:
        """A status that is done after some time."""
        status = Status(self.clock, name=f"{self.name}: {name}")
        self.clock.after(max(0.0, delay_s), status.set_finished)
        return status

    def wait_for(self, status: Status | None) -> None:
        """Let the processing under way end no sooner than this."""
        if status is not None and not (status.done and status.success):
            self._awaited += (status,)

    # --- writing

    def put(self, field: str, value: Any) -> Status | None:
        """Write a field with completion; behind those whose end is still awaited. See `Record.put`."""
        ahead = self._ahead
        if ahead is not None and not ahead.done:
            return self._put_later(field, value, ahead)
        status = super().put(field, value)
        if status is not None and self.is_exclusive:
            self._ahead = status
        return status

    def send(self, field: str, value: Any) -> None:
        """Write a field without completion, at once. See `Record.send`."""
        super().put(field, value)

    def enter(self, field: str, value: Any) -> Status | None:
        """Take what a client has written; see `Record.enter`. A record that is busy is processed again then."""
        process = self.is_processed_by(field)
        if process:
            busy = self.values["PACT"]
            self.values["RPRO" if busy else "PUTF"] = 1
            process = not busy
        return self.accept(field, value, process)

    def store(self, field: str, value: Any) -> None:
        """Keep what has been written; see `Record.store`. Monitors hear of VAL when it is processed."""
        if field != "VAL":
            super().store(field, value)
            return
        self.values["VAL"] = value
        self.values["UDF"] = 0
        if not self.fields["VAL"].pp:
            self.notify("VAL", VALUE | LOG)

    def _put_later(self, field: str, value: Any, ahead: Status) -> Status:
        status = Status(self.clock, name=f"{self.name}.{field}: put")
        if self._queue is None:
            self._queue = deque()
        if not self._queue:
            ahead.add_callback(self._soon(self._next_put))
        self._queue.append((field, value, status))
        return status

    def _next_put(self) -> None:
        """Whose turn it is now: puts that end at once, and one that does not."""
        while self._queue:
            field, value, status = self._queue.popleft()
            try:
                ended = super().put(field, value)
            except Exception as error:
                status.set_exception(error)
                continue
            if ended is None or ended.done:
                settle(status, ended)
                continue
            self._ahead = ended
            ended.add_callback(partial(settle, status))
            if self._queue:
                ended.add_callback(self._soon(self._next_put))
            return

    def _soon(self, action: Callable[[], object]) -> Callable[..., None]:
        """Have something done at this time, after what is being done."""

        return lambda *_: self.clock.after(0.0, action)

    # --- processing

    def process(self) -> Status | None:
        """Process the record, as EPICS's ``dbProcess`` does; see `Record.process`."""
        return self.run(self.begin, self.conclude)

    def run(self, begin: Step, conclude: Step) -> Status | None:
        """Process the record in this way."""
        values = self.values
        if values["PACT"]:
            self._find_busy()
            return None
        values["LCNT"] = 0
        if self._is_disabled():
            return None
        if values["TPRO"]:
            logger.info("process %s", self.name)
        values["PACT"] = 1
        self._awaited = ()
        try:
            pending = begin()
        except BaseException:
            self._release()
            raise
        if pending is None or pending.done:
            return self._finish(conclude)
        return self._finish_after(pending, conclude)

    def _finish_after(self, pending: Status, conclude: Step) -> Status:
        whole = self._ahead = Status(self.clock, name=f"{self.name}: processing")
        self.is_waiting = True

        def go_on(pending: Status) -> None:
            self.is_waiting = False
            try:
                _pass_on(self._finish(conclude), whole)
            except Exception as error:  # nobody else hears of it, and it must not end the timeline
                whole.set_exception(error)

        pending.add_callback(go_on)
        return whole

    def _finish(self, conclude: Step) -> Status | None:
        values = self.values
        try:
            held_back = conclude()
            if held_back is None or held_back.done:
                self.wait_for(held_back)
                self.wait_for(self.forward())
            else:
                self.wait_for(self._forward_after(held_back))
        finally:
            self._release()
        if values["RPRO"]:
            values["RPRO"] = 0
            self._soon(self.process_quietly)()
        awaited, self._awaited = self._awaited, ()
        if len(awaited) < 2:
            return awaited[0] if awaited else None
        return gather(self.clock, awaited, f"{self.name}: processing")

    def _release(self) -> None:
        self.values["PACT"] = self.values["PUTF"] = 0
        if self._follow_ups:
            actions, self._follow_ups = self._follow_ups, ()
            for action in actions:
                action()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do something when the processing under way has ended. See `Record.afterwards`."""
        if self.values["PACT"]:
            self._follow_ups += (action,)
        else:
            action()

    def process_quietly(self) -> None:
        """Process the record where nobody is there to hear of what goes wrong with its model."""
        try:
            self.process()
        except BeamtwinError:
            self.set_alarm(INVALID, WRITE)

    def _forward_after(self, held_back: Status) -> Status:
        """A status of that and of what the forward link then does."""
        self._held_back += 1
        whole = Status(self.clock, name=held_back.name)

        def go_on(held_back: Status) -> None:
            self._held_back -= 1
            error = held_back.exception()
            forwarded = None if self._held_back else self.forward()
            if error is not None:
                whole.set_exception(error)
            else:
                _pass_on(forwarded, whole)

        held_back.add_callback(go_on)
        return whole

    def tell_alarm(self) -> None:
        """Have the alarm that has been raised, and tell monitors of it."""
        values = self.values
        severity, status = values["NSEV"], values["NSTA"]
        values["NSEV"] = values["NSTA"] = 0
        self.timestamp = self.clock.time()
        super().set_alarm(severity, status)

    # --- what keeps it from being processed

    def _find_busy(self) -> None:
        values = self.values
        if values["STAT"] == SCAN:
            return
        values["LCNT"] += 1
        if values["LCNT"] > MAX_LOCK and values["SEVR"] < INVALID:
            self._tell_alarm(INVALID, SCAN)
            self.notify("VAL", VALUE | LOG | ALARM)

    def _is_disabled(self) -> bool:
        values = self.values
        link = self.links.get("SDIS")
        if link is not None:
            disable = link.number()
            if disable is not None:
                values["DISA"] = int(disable)
        if values["DISA"] != values["DISV"]:
            return False
        values["RPRO"] = values["PUTF"] = 0
        if values["STAT"] != DISABLE:
            values["NSEV"] = values["NSTA"] = 0
            self._tell_alarm(values["DISS"], DISABLE)
            self.notify("VAL", VALUE | ALARM)
        return True

    def _tell_alarm(self, severity: int, status: int) -> None:
        self.values["SEVR"] = severity
        self.values["STAT"] = status
        self.notify("SEVR", VALUE)
        self.notify("STAT", VALUE)


def _pass_on(ended: Status | None, whole: Status) -> None:
    """Let one status end when another does, and as it does."""
    if ended is None:
        whole.set_finished()
    else:
        ended.add_callback(partial(settle, whole))
