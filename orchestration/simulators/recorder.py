"""RunEngineSimulator: plans under test, against answers that the test gives. Its methods are Bluesky's."""

from collections.abc import Callable, Iterable, Sequence
from itertools import dropwhile
from typing import Any, Literal

from beamtwin.orchestration.clock import WallClock
from beamtwin.orchestration.messages import Msg
from beamtwin.orchestration.simulators.imagination import Answer, Imagination, walk

__all__ = ["END", "RunEngineSimulator", "assert_message_and_return_remaining"]

Document = dict[str, Any]

#: The place of a handler behind all others.
END: Literal["end"] = "end"


class RunEngineSimulator:
    """Runs a plan against answers that a test gives, and keeps its messages.

    What no handler answers is answered by an `Imagination`.

    Attributes
    ----------
    return_value : object
        What the last plan returned.

    >>> from beamtwin.orchestration.stubs import sleep
    >>> RunEngineSimulator().simulate_plan(sleep(5))
    [Msg('sleep', args=(5,))]
    """

    GROUP_ANY = "any"

    def __init__(self) -> None:
        self.return_value: Any = None
        self.callbacks: dict[int, tuple[Callable[[str, Document], object], str]] = {}
        self._handlers: list[tuple[Callable[[Msg], bool], Answer]] = []

    def simulate_plan(self, plan: Iterable[Msg]) -> list[Msg]:
        """Run a plan to its end; returns its messages."""
        imagination = Imagination()

        def answer(msg: Msg) -> Any:
            for matches, handler in self._handlers:
                if matches(msg):
                    return handler(msg)
            outcome = imagination(msg)
            if msg.command == "subscribe":
                self.callbacks[outcome] = (msg.args[0], _subscribed_to(msg))
            return outcome

        messages: list[Msg] = []
        walking = walk(plan, answer)
        while True:
            try:
                messages.append(next(walking))
            except StopIteration as end:
                self.return_value = end.value
                return messages

    def add_handler(
        self,
        commands: str | Sequence[str],
        handler: Answer,
        msg_filter: str | Callable[[Msg], bool] | None = None,
        index: int | Literal["end"] = 0,
    ) -> None:
        """Answer messages with what ``handler(msg)`` returns, or raise in the plan what it raises.

        Parameters
        ----------
        commands : str or sequence of str
        msg_filter : str or callable, optional
            The device's name, or says whether a message is meant; default: all are.
        index : int or END
            Where in the list of handlers, the first of which that fits answers.
        """
        meant = [commands] if isinstance(commands, str) else list(commands)
        matches = _filter(msg_filter)
        place = len(self._handlers) if index == END else index
        self._handlers.insert(place, (lambda msg: msg.command in meant and matches(msg), handler))

    def add_read_handler_for(self, obj: Any, value: Any) -> None:
        """Let a device of one data key read ``value``."""
        self.add_read_handler_for_multiple(obj, **{obj.name: value})

    def add_read_handler_for_multiple(self, obj: Any, **values: Any) -> None:
        """Let a device read these values, by data key; a dictionary is a whole reading."""
        self.add_handler(
            "read", lambda msg: {k: _as_reading(v) for k, v in values.items()}, obj.name
        )

    add_read_handler = add_read_handler_for

    def add_wait_handler(self, handler: Answer, group: Any = GROUP_ANY) -> None:
        """Call ``handler(msg)`` when the plan waits for a group."""

        def is_meant(msg: Msg) -> bool:
            return group == self.GROUP_ANY or group in (*msg.args[:1], msg.kwargs.get("group"))

        self.add_handler("wait", handler, is_meant)

    def add_callback_handler_for(
        self,
        command: str,
        document_name: str,
        document: Document,
        msg_filter: str | Callable[[Msg], bool] | None = None,
    ) -> None:
        """Give a document to the plan's subscribers at the first such message."""
        self.add_callback_handler_for_multiple(command, [[(document_name, document)]], msg_filter)

    def add_callback_handler_for_multiple(
        self,
        command: str,
        docs: Iterable[Iterable[tuple[str, Document]]],
        msg_filter: str | Callable[[Msg], bool] | None = None,
    ) -> None:
        """Give the plan's subscribers documents: the first lot at the first such message, and so on."""
        lots = iter(docs)

        def fire(msg: Msg) -> None:
            for name, document in next(lots, ()):
                self.fire_callback(name, document)

        self.add_handler(command, fire, msg_filter)

    def add_handler_for_callback_subscribes(self) -> None:
        """Nothing to do: subscriptions are kept anyway."""

    def fire_callback(self, document_name: str, document: Document) -> None:
        """Give a document to those whom the plan has subscribed to such."""
        for function, name in tuple(self.callbacks.values()):
            if name in ("all", document_name):
                function(document_name, document)


def assert_message_and_return_remaining(
    messages: Sequence[Msg], predicate: Callable[[Msg], bool], group: Any = None
) -> list[Msg]:
    """The messages from the first on that fits.

    Parameters
    ----------
    group : optional
        Messages that name another group do not fit.

    Raises
    ------
    AssertionError
        If none fits.
    """

    def unfit(msg: Msg) -> bool:
        of_another = group is not None and msg.kwargs.get("group", group) != group
        return of_another or not predicate(msg)

    remaining = list(dropwhile(unfit, messages))
    assert remaining, f"none of {len(messages)} messages fits {predicate}"
    return remaining


def _filter(msg_filter: str | Callable[[Msg], bool] | None) -> Callable[[Msg], bool]:
    if msg_filter is None:
        return lambda msg: True
    if callable(msg_filter):
        return msg_filter
    return lambda msg: getattr(msg.obj, "name", None) == msg_filter


def _as_reading(value: Any) -> Document:
    return value if isinstance(value, dict) else {"value": value, "timestamp": WallClock().time()}


def _subscribed_to(msg: Msg) -> str:
    return str(msg.args[1] if len(msg.args) > 1 else msg.kwargs.get("name", "all"))
