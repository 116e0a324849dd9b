"""One Channel Access connection: bytes to messages, messages to bytes.

Of caproto this uses the protocol: its messages, and the rules of their order. Its threads and loops are left out,
because there a put-completion overtakes the monitors that led to it, a refused put is never answered, and a client
that leaves can take the server with it.
"""

import asyncio
import logging
import socket
from typing import Any, ClassVar

import caproto as ca

__all__ = ["SERVER", "Circuit"]

CLIENT: Any = ca.CLIENT  # pyright: ignore[reportAttributeAccessIssue] (made at import time)
SERVER: Any = ca.SERVER  # pyright: ignore[reportAttributeAccessIssue]

#: caproto copies what it has not parsed yet after every message, so it is fed by little; an array comes whole.
MOUTHFUL = 4096

#: Bytes waiting for a slow peer before its circuit is told to `pause_writing`.
BACKLOG = 1 << 20

logger = logging.getLogger(__name__)


class Circuit(asyncio.Protocol):
    """A TCP connection; subclasses say what each message does.

    Parameters
    ----------
    role
        `CLIENT` or `SERVER`.
    address : (str, int)
        The other end, where it is known.
    """

    handlers: ClassVar[dict[type[ca.Message], str]] = {}
    """The method that takes a message, by the message's class; others need no answer."""

    def __init__(self, role: Any, address: tuple[str, int] = ("", 0)):
        self.address = address
        self.state = ca.VirtualCircuit(role, address, priority=0 if role is CLIENT else None)
        self.transport: asyncio.Transport | None = None
        self._outbox: list[Any] = []
        self._needed = 0

    @property
    def peer(self) -> str:
        """The other end, for messages: ``127.0.0.1:5064``."""
        return "{}:{}".format(*self.address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: send what has gathered."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=BACKLOG)
        # Without this the second small message of a burst waits 40 ms for the peer's delayed acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = self.state.address = transport.get_extra_info("peername")[:2]
        self.transport = transport
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Asyncio's: a peer that breaks the protocol loses its own connection, and nobody else's."""
        unread = memoryview(data)
        try:
            while unread:
                size = max(self._needed, MOUTHFUL)
                commands, self._needed = self.state.recv(unread[:size])
                unread = unread[size:]
                for command in commands:
                    self._take(command)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            debugging = logger.isEnabledFor(logging.DEBUG)
            logger.warning("disconnecting %s: %s", self.peer, cause, exc_info=debugging)
            self.abort()

    def _take(self, command: ca.Message) -> None:
        self.state.process_command(command)
        handler = self.handlers.get(type(command))
        if handler is not None:
            getattr(self, handler)(command)

    def send(self, *commands: ca.Message) -> None:
        """Send in this order, together with whatever else is sent in this turn of the loop."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outbox += self.state.send(*commands)

    def flush(self) -> None:
        """Hand what has gathered to the socket."""
        if self.transport is not None and self._outbox:
            buffers, self._outbox = self._outbox, []
            if not self.transport.is_closing():
                self.transport.write(b"".join(buffers))

    def abort(self) -> None:
        """Disconnect at once."""
        if self.transport is not None:
            self.transport.abort()
