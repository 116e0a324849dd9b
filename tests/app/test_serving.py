"""``beamtwin ioc``: it serves, and leaves nothing behind."""

import os
import re
import signal
import socket

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.world import read_provenance

WALL = WallClock()


@pytest.fixture
def ioc(start):
    """The command, its port, and a client."""
    command = start("ioc", "chx", "--port", "0", "--seed", "5")
    announcement = command.line()
    match = re.fullmatch(
        r"NSLS-II CHX \(11-ID\), slit diffraction: \d+ records on 127.0.0.1:(\d+) "
        r"\(EPICS_CA_ADDR_LIST=127.0.0.1 EPICS_CA_SERVER_PORT=\1\); Ctrl-C ends it\n",
        announcement,
    )
    assert match, announcement
    transport = CATransport(addresses=["127.0.0.1"], port=int(match[1]))
    yield command, match[1], transport
    transport.close()


def count_once(transport):
    """Have the counter count, for which the IOC starts a process for its physics."""
    sent = transport.channel("XF:11IDB-ES{Sclr:1}.TP"), transport.channel("XF:11IDB-ES{Sclr:1}.CNT")
    transport.connect(sent)
    for channel, value in zip(sent, (0.01, 1), strict=True):
        status = channel.put(value)
        assert transport.clock.wait(lambda: status.done, 20.0)  # noqa: B023
        assert status.exception() is None
    return transport.channel("XF:11IDB-ES{Sclr:1}.S2").get().value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_serves_until_it_is_ended_and_takes_its_processes_along(ioc, number):
    command, _, transport = ioc
    assert count_once(transport) > 100
    assert read_provenance(transport)["seed"] == 5
    assert len(command.processes()) > 1
    if number == signal.SIGINT:
        command.signal(number)  # a terminal's, to all of them
    else:
        os.kill(command.process.pid, number)
    done = command.outcome()
    if number == signal.SIGKILL:
        assert done.code == -number
    else:
        assert (done.code, done.err) == (0, "")
    deadline = WALL.time() + 5.0
    while command.processes():
        assert WALL.time() < deadline
        WALL.sleep(0.02)


def test_a_port_that_is_taken(beamtwin, ioc):
    _, port, _ = ioc
    complaint = beamtwin("ioc", "chx", "--port", port).complaint
    assert complaint == (
        f"cannot serve on 127.0.0.1:{port}: another IOC? choose another port, or 0 for a free one"
    )


def test_letting_others_in_is_warned_of(start):
    command = start("ioc", "chx", "--port", "0", "--interface", "0.0.0.0")
    announcement = command.line()
    command.signal(signal.SIGINT)
    assert f"EPICS_CA_ADDR_LIST={socket.gethostname()} " in announcement
    assert command.outcome().err == (
        "beamtwin: warning: the twin is served on 0.0.0.0: "
        "whoever reaches this machine can write to its PVs\n"
    )


def test_an_interface_of_another_machine(beamtwin):
    complaint = beamtwin("ioc", "chx", "--interface", "192.0.2.1").complaint
    assert complaint == "cannot serve on 192.0.2.1:15064: Cannot assign requested address"
