"""``beamtwin ioc``: it serves, and leaves nothing behind."""

import json
import os
import re
import signal
import socket
from contextlib import contextmanager

import pytest

from beamtwin.hardware.ca import CATransport
from beamtwin.orchestration.clock import WallClock
from beamtwin.twin.provenance import read_provenance

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


# --- a table, and autosave ----------------------------------------------------------------------------

TOP = "XF:11IDB-OP{Slt:BDS-Ax:T}Mtr"


def serve(start, *arguments):
    """Start an IOC of CHX; the command, what it printed before it served, and its port."""
    command, said = start("ioc", "chx", "--port", "0", *arguments), []
    while not (match := re.search(r"records on 127.0.0.1:(\d+) ", line := command.line())):
        assert line, command.outcome()
        said.append(line)
    return command, "".join(said), int(match[1])


@contextmanager
def client(port):
    """Reads, and writes with completion."""
    transport = CATransport(addresses=["127.0.0.1"], port=port)

    def access(pv, value=None):
        channel = transport.channel(pv)
        transport.connect([channel])
        if value is not None:
            status = channel.put(value)
            assert transport.clock.wait(lambda: status.done, 20.0)
            assert status.success
        return channel.get().value

    try:
        yield access
    finally:
        transport.close()


def test_it_says_which_devices_it_serves(start):
    command, _, _ = serve(start)
    command.signal(signal.SIGINT)
    out = command.outcome().out
    assert re.search(r"^ *Slits +s2 *$", out, re.MULTILINE)
    assert re.search(r"^ *FourPVShutter +fe_sh, foe_sh *$", out, re.MULTILINE)


def test_any_beamline_that_is_declared_is_served(start, tmp_path):
    path = tmp_path / "devices.yml"
    path.write_text('ophyd.EpicsMotor:\n- {name: m1, prefix: "gp:m1"}\n')
    command = start("ioc", str(path), "--port", "0")
    match = re.search(r"records on 127.0.0.1:(\d+) ", command.line())
    with client(int(match[1])) as pv:
        assert pv("gp:m1", 0.5) == 0.5
        assert pv("gp:m1.RBV") == 0.5
    command.signal(signal.SIGINT)
    assert command.outcome().code == 0


def test_what_motors_were_set_to_lasts(start, tmp_path):
    """Whether Ctrl-C ends it or a service manager."""
    file = tmp_path / "chx.json"
    command, said, port = serve(start, "--autosave", str(file))
    assert said == f"{file}: is not there yet; motors stand where the twin has them\n"
    with client(port) as pv:
        pv(TOP, 0.25)
        pv(f"{TOP}.HLM", 2.0)
        pv(f"{TOP}.OFF", 0.5)
        dial = pv(f"{TOP}.DRBV")
    command.signal(signal.SIGINT)
    assert command.outcome().code == 0
    command, said, port = serve(start, "--autosave", str(file))
    assert re.fullmatch(rf"{file}: \d+ motors restored\n", said)
    with client(port) as pv:
        assert pv(f"{TOP}.DRBV") == dial == 0.25
        assert (pv(TOP), pv(f"{TOP}.OFF")) == (0.75, 0.5)
        assert pv(f"{TOP}.HLM") == 2.5
        pv(TOP, 0.5)
    os.kill(command.process.pid, signal.SIGTERM)
    done = command.outcome()
    assert (done.code, done.err) == (0, "")
    assert json.loads(file.read_text())["motors"][TOP]["VAL"] == 0.5


def test_a_damaged_autosave_file_is_put_aside(start, tmp_path):
    file = tmp_path / "chx.json"
    file.write_text('{"format": 1, "motors": {"XF')
    command, _, port = serve(start, "--autosave", str(file))
    with client(port) as pv:
        assert pv(f"{TOP}.RBV") == 0.005
    command.signal(signal.SIGINT)
    done = command.outcome()
    assert done.err.startswith(
        f"beamtwin: warning: {file}: is no autosave file (Unterminated string"
    )
    assert "it is kept as chx.json.damaged, and motors begin where the twin has them" in done.err
    assert (tmp_path / "chx.json.damaged").read_text() == '{"format": 1, "motors": {"XF'
    assert json.loads(file.read_text())["motors"][TOP]
