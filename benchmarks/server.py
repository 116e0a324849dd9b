"""The twin's IOC beside EPICS base's and caproto's own: what they serve, for each CPU second that it takes them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from run import Result

HERE = Path(__file__).parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PORTS = {"twin": 15064, "softioc": 15164, "caproto": 15264}

#: What is measured, the least ratio to caproto's server and to EPICS base that is wanted, unit and divisor.
MEASURED = {
    "gets": ("values asked for one by one", "gets", 1, 1.0, 0.1),
    "monitors": ("500 PVs monitored at 10 Hz", "updates", 1, 1.0, 0.1),
    "image": ("an image of 1 MB monitored at 20 Hz", "MB", 1_000_000, 1.0, 0.2),
}


@dataclass(frozen=True)
class Served:
    """One thing that servers do, ours against a peer."""

    key: str
    peer: str

    @property
    def what(self) -> str:
        """As the table says."""
        return f"the twin's IOC: {MEASURED[self.key][0]}"

    def measure(self) -> Result:
        """Have every server do it, once."""
        _, unit, divisor, by_caproto, by_base = MEASURED[self.key]
        ours, theirs = (rate("twin", self.key) / divisor, rate(self.peer, self.key) / divisor)
        name = {"softioc": "EPICS base", "caproto": "caproto's server"}[self.peer]
        shown = [f"{value:,.0f} {unit}/CPU-s" for value in (ours, theirs)]
        wanted = by_base if self.peer == "softioc" else by_caproto
        return Result(self.what, shown[0], f"{name}: {shown[1]}", ours / theirs, wanted)


@cache
def rate(kind: str, key: str) -> float:
    """How many values, or bytes, a server serves for each of its own CPU seconds."""
    port = PORTS[kind]
    with running(kind, port) as server:
        before = cpu_s(server.pid)
        client = [sys.executable, str(HERE / "server_client.py"), key]
        done = subprocess.run(
            client, env=environment(port), check=True, capture_output=True, text=True
        )
        used = cpu_s(server.pid) - before
    return json.loads(done.stdout.splitlines()[-1]) / used


@contextmanager
def running(kind: str, port: int) -> Iterator["subprocess.Popen[str]"]:
    """A server, for as long as the block lasts."""
    command = [sys.executable, "-W", "ignore", str(HERE / "servers.py"), kind, str(port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=environment(port), text=True, **pipes)
    try:
        assert server.stdin is not None
        assert server.stdout is not None
        while server.stdout.readline().strip() != "ready":
            if server.poll() is not None:
                raise RuntimeError(f"the {kind} server did not start")
        yield server
    finally:
        server.kill()
        server.wait()


def environment(port: int) -> dict[str, str]:
    """Channel Access on loopback and a port of its own."""
    return os.environ | {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port + 1),
        "EPICS_CA_MAX_ARRAY_BYTES": "16000000",
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
    }


def cpu_s(pid: int) -> float:
    """The CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def server_rows() -> list[Served]:
    """The rows of the table."""
    return [Served(key, peer) for key in MEASURED for peer in ("caproto", "softioc")]
