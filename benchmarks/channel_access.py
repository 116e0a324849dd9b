"""Channel Access: our client against bare caproto, aioca and pyepics at one server of EPICS base, and our layer's cost.

Each client has a process of its own. They take turns, and the best of two counts. `rows` is for `make bench`.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from channel_access_server import IMAGES, PVS
from run import Result

HERE = Path(__file__).parent
TURNS = 2
PEERS = ("caproto", "aioca", "pyepics")

#: The least ratio: our client may cost so much more than another, and the layer so much more than our client.
WANTED = 0.85

Figures = dict[str, float]


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """An IOC on the loopback; the environment that leads clients to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    served = {
        "EPICS_CAS_SERVER_PORT": port,
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
    }
    with subprocess.Popen(
        [sys.executable, str(HERE / "channel_access_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **served},
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line == "ready\n" for line in process.stdout)
        yield {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": port,
            "EPICS_CA_REPEATER_PORT": port,  # where somebody listens, so that none is started
            "EPICS_CA_MAX_ARRAY_BYTES": "20000000",
        }
        process.communicate()


@cache
def measured() -> dict[str, Figures]:
    """What every client does, by its name: measured once."""
    found: dict[str, Figures] = {}
    with server() as environment:
        for name in ("beamtwin", *PEERS) * TURNS:
            figures = run(name, environment)
            known = found.setdefault(name, figures)
            found[name] = {key: max(value, known[key]) for key, value in figures.items()}
    return found


def run(name: str, environment: dict[str, str]) -> Figures:
    """One turn of one client."""
    done = subprocess.run(
        [sys.executable, str(HERE / "channel_access_clients.py"), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Against:
    """A row: our client against others, by one figure."""

    what: str
    figure: str
    unit: str
    peers: tuple[str, ...]
    wanted: float = WANTED

    def measure(self) -> Result:
        """The ratio is to the best of the others."""
        found = measured()
        ours = found["beamtwin"][self.figure]
        rates = {peer: found[peer][self.figure] for peer in self.peers}
        theirs = ", ".join(f"{peer}: {self._shown(rate)}" for peer, rate in rates.items())
        return Result(self.what, self._shown(ours), theirs, ours / max(rates.values()), self.wanted)

    def _shown(self, rate: float) -> str:
        return f"{1000 / rate:,.0f} ms" if self.unit == "ms" else f"{rate:,.0f} {self.unit}"


@dataclass(frozen=True)
class Layer:
    """A row: devices and signals against the bare channels of our own client, by the CPU."""

    what: str
    figure: str
    unit: str
    wanted: float = WANTED

    def measure(self) -> Result:
        """The ratio is what is left of the client's rate: the median of several turns of both."""
        found = measured()["beamtwin"]
        ours, bare = (found[f"{kind} {self.figure} per CPU s"] for kind in ("layer", "bare"))
        shown = (f"{rate:,.0f} {self.unit}/CPU s" for rate in (ours, bare))
        ours_shown, bare_shown = shown
        return Result(
            self.what,
            ours_shown,
            f"bare channels: {bare_shown}",
            found[f"{self.figure} kept"],
            self.wanted,
        )


def rows() -> list[Against | Layer]:
    """All of them; the first that is measured measures for all."""
    pure, libca = ("caproto",), ("aioca", "pyepics")
    images = {name: f"{size // 1_000_000} MB" for name, (size, _) in IMAGES.items()}
    compared = [
        (f"connect {PVS} PVs", "connect", "ms"),
        ("gets, one after the other", "get", "/s"),
        ("puts with completion, one after the other", "put", "/s"),
        ("monitors", "monitors per CPU s", "/CPU s"),
        *(
            (f"monitors of {size} arrays", f"{name} per CPU s", "MB/CPU s")
            for name, size in images.items()
        ),
    ]
    return [
        *(
            Against(f"Channel Access: {what}", figure, unit, peers)
            for what, figure, unit in compared
            for peers in (pure, libca)
        ),
        Layer("Signal.get over Channel.get", "get", ""),
        Layer("Signal.set over Channel.put", "put", ""),
        Layer("Device.read of 100 signals over get_many", "read", "readings"),
    ]


def main() -> None:
    """Print the rows, and the rates by the wall."""
    for row in rows():
        print(" | ".join(row.measure().cells()))
    for name, figures in measured().items():
        print(name, {key: round(value, 1) for key, value in figures.items()})


if __name__ == "__main__":
    main()
