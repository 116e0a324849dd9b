"""An IOC of EPICS base in a child process: importable, for whoever needs one."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent


class EpicsIOC:
    """Runs `softioc_server.py` for as long as a ``with`` block lasts.

    Parameters
    ----------
    port : int
        0 takes a free one.
    environment : mapping, optional
        Of the child, besides what keeps it on the loopback.
    """

    def __init__(self, port: int = 0, environment: Mapping[str, str] | None = None):
        self.port = port or free_port()
        self._environment = dict(environment or {})

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "softioc_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **on_loopback(self.port), **self._environment},
            text=True,
        )
        assert self.process.stdout is not None
        assert any(line == "ready\n" for line in self.process.stdout)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End it as its operator would."""
        if self.process.poll() is None:
            self.process.communicate()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()


def on_loopback(port: int) -> dict[str, str]:
    """The environment of a server that nobody else can reach."""
    return {
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
    }


def free_port() -> int:
    """A port that nobody listens at, by TCP or UDP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            suppress(OSError),
        ):
            tcp.bind(("127.0.0.1", 0))
            udp.bind(tcp.getsockname())
            return udp.getsockname()[1]
