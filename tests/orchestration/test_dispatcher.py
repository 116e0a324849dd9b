"""Documents reach their subscribers, whatever other subscribers do."""

from typing import Any

import pytest
from event_model import DocumentNames

from beamtwin.orchestration.dispatcher import DOCUMENT_NAMES, Dispatcher, subscriptions


def broken(name: str, document: Any) -> None:
    raise OSError(f"cannot write the {name}")


def test_a_subscriber_hears_what_it_asked_for() -> None:
    dispatcher = Dispatcher()
    heard: list[Any] = []
    dispatcher.subscribe(lambda name, document: heard.append(("all", name)))
    dispatcher.subscribe(lambda name, document: heard.append(("stop", name)), "stop")
    dispatcher.emit("start", {})
    dispatcher.emit("stop", {})
    assert heard == [("all", "start"), ("all", "stop"), ("stop", "stop")]


def test_a_subscription_ends() -> None:
    dispatcher = Dispatcher()
    heard: list[Any] = []
    token = dispatcher.subscribe(lambda *_: heard.append(1))
    other = dispatcher.subscribe(lambda *_: heard.append(2))
    assert token != other
    dispatcher.unsubscribe(token)
    dispatcher.unsubscribe(token)
    dispatcher.emit("event", {})
    dispatcher.unsubscribe_all()
    dispatcher.emit("event", {})
    assert heard == [2]


def test_a_subscriber_may_unsubscribe_itself() -> None:
    dispatcher = Dispatcher()
    heard: list[Any] = []

    def once(name: str, document: Any) -> None:
        heard.append(name)
        dispatcher.unsubscribe(token)

    token = dispatcher.subscribe(once)
    dispatcher.emit("start", {})
    dispatcher.emit("stop", {})
    assert heard == ["start"]


def test_a_failing_subscriber_is_heard_of_and_robs_nobody() -> None:
    dispatcher = Dispatcher()
    heard: list[Any] = []
    dispatcher.subscribe(broken)
    dispatcher.subscribe(lambda name, document: heard.append(name))
    with pytest.raises(OSError, match="cannot write the event"):
        dispatcher.emit("event", {})
    assert heard == ["event"]


def test_a_failing_subscriber_can_be_only_a_warning() -> None:
    dispatcher = Dispatcher()
    dispatcher.ignore_exceptions = True
    heard: list[Any] = []
    dispatcher.subscribe(broken)
    dispatcher.subscribe(lambda name, document: heard.append(name))
    with pytest.warns(UserWarning, match=r"broken failed on a event document: OSError"):
        dispatcher.emit("event", {})
    assert heard == ["event"]


def test_blueskys_old_order_of_arguments_works_and_says_so() -> None:
    dispatcher = Dispatcher()
    heard: list[str] = []
    with pytest.warns(UserWarning, match="old order"):
        token = dispatcher.subscribe("start", lambda name, _: heard.append(name))  # type: ignore[arg-type]
    dispatcher.emit("start", {})
    dispatcher.emit("stop", {})
    dispatcher.unsubscribe(token)
    dispatcher.emit("start", {})
    assert heard == ["start"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no document is called 'evnt'; there are: all, start"):
        Dispatcher().subscribe(print, "evnt")
    with pytest.raises(ValueError, match="'evnt'"):
        subscriptions({"start": print, "evnt": print})


def test_every_document_of_the_event_model_has_its_name() -> None:
    bulk = {"bulk_events", "bulk_datum"}
    assert {name.value for name in DocumentNames} - bulk == set(DOCUMENT_NAMES)


@pytest.mark.parametrize(
    ("subs", "pairs"),
    [
        (None, []),
        (print, [("all", print)]),
        ([print, repr], [("all", print), ("all", repr)]),
        ({"stop": print}, [("stop", print)]),
        ({"stop": [print, repr], "all": len}, [("stop", print), ("stop", repr), ("all", len)]),
    ],
)
def test_subscriptions_have_many_forms(subs: Any, pairs: Any) -> None:
    assert subscriptions(subs) == pairs
