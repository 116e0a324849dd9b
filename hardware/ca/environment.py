"""Where Channel Access looks for PVs: the ``EPICS_CA_*`` environment, as EPICS base reads it."""

import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from beamtwin.orchestration.errors import BeamtwinError, NotConnectedError

__all__ = ["Address", "Environment", "is_loopback", "resolve"]

Address = tuple[str, int]

#: What EPICS does where the environment says nothing.
DEFAULTS: dict[str, Any] = {
    "EPICS_CA_ADDR_LIST": "",
    "EPICS_CA_AUTO_ADDR_LIST": "YES",
    "EPICS_CA_NAME_SERVERS": "",
    "EPICS_CA_SERVER_PORT": 5064,
    "EPICS_CA_REPEATER_PORT": 5065,
    "EPICS_CA_CONN_TMO": 30.0,
    "EPICS_CA_AUTO_ARRAY_BYTES": "YES",
    "EPICS_CA_MAX_ARRAY_BYTES": 16384,
}

#: Linux's request for the broadcast address of an interface.
SIOCGIFBRDADDR = 0x8919

EVERYWHERE = "255.255.255.255"


@dataclass(frozen=True)
class Environment:
    """What the environment says."""

    addresses: tuple[str, ...]
    """Where to search by UDP."""
    name_servers: tuple[str, ...]
    """Where to search by TCP."""
    server_port: int
    repeater_port: int
    silence_s: float
    """After so long without a word from a server, it is asked for a sign of life."""
    max_array_bytes: int | None
    """Arrays may have so many bytes; None: any number."""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Environment":
        """As it is now; raises `BeamtwinError` for a number that is none."""

        def value(name: str) -> Any:
            default = DEFAULTS[name]
            given = environ.get(name, "").strip()
            return _number(name, given, type(default)) if given else default

        addresses = value("EPICS_CA_ADDR_LIST").split()
        if _yes(value("EPICS_CA_AUTO_ADDR_LIST")):
            addresses += broadcast_addresses()
        any_size = _yes(value("EPICS_CA_AUTO_ARRAY_BYTES"))
        return cls(
            addresses=tuple(dict.fromkeys(addresses)),
            name_servers=tuple(value("EPICS_CA_NAME_SERVERS").split()),
            server_port=value("EPICS_CA_SERVER_PORT"),
            repeater_port=value("EPICS_CA_REPEATER_PORT"),
            silence_s=value("EPICS_CA_CONN_TMO"),
            max_array_bytes=None if any_size else value("EPICS_CA_MAX_ARRAY_BYTES"),
        )


def _number(name: str, given: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(given)
    except ValueError:
        raise BeamtwinError(f"{name}={given!r} is not a number; correct or unset it") from None


def _yes(value: str) -> bool:
    return value.strip().upper() != "NO"


def broadcast_addresses() -> list[str]:
    """Those of this machine's networks; where they cannot be had, that of the local network."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, interface in socket.if_nameindex():
            try:
                from fcntl import ioctl  # not on Windows

                answer = ioctl(probe, SIOCGIFBRDADDR, struct.pack("256s", interface.encode()[:15]))
            except (ImportError, OSError):
                continue  # an interface that is down, or the loopback
            found.append(socket.inet_ntoa(answer[20:24]))
    usable = [address for address in found if address != "0.0.0.0"]
    return usable or [EVERYWHERE]


def resolve(entries: Sequence[str], port: int) -> list[Address]:
    """Hosts and ports of entries like ``"xf11id-ioc1"`` and ``"10.0.0.255:5068"``.

    Raises
    ------
    NotConnectedError
        Naming a host that nobody knows, or a port that is none.
    """
    pairs = (entry.partition(":")[::2] for entry in entries)
    return [(_resolve(host), _port(host, given or str(port))) for host, given in pairs]


def _port(host: str, given: str) -> int:
    if not (given.isdecimal() and 0 < int(given) < 1 << 16):
        raise NotConnectedError(f"{host}:{given}: cannot search there: {given} is no port")
    return int(given)


def _resolve(host: str) -> str:
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise NotConnectedError(f"{host}: cannot search there: {error.strerror}") from None


def is_loopback(address: str) -> bool:
    """Whether packets to an address stay on this machine."""
    return ip_address(address).is_loopback
