"""A TCP connection to a server: greeting, messages both ways, and signs of life."""

import asyncio
import contextlib
import getpass
import logging
import socket
import threading

from beamtwin.hardware.ca import timeouts, wire
from beamtwin.hardware.ca.environment import Address
from beamtwin.hardware.ca.wire import Inbox, Message, message

__all__ = ["Stream"]

#: How often a stream with much to say is read before the others have their turn.
READS = 16

logger = logging.getLogger(__name__)


class Stream:
    """One circuit. Subclasses say what its messages mean.

    Everything happens in the thread of the loop, but `send`, which is safe in any.

    Parameters
    ----------
    address : (str, int)
        The server's.
    silence_s : float
        After so long without a word, the server is asked for a sign of life.
    """

    def __init__(self, address: Address, silence_s: float):
        self.address = address
        self._silence_s = silence_s
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        # Without this the second small message of a burst waits 40 ms for the peer's delayed acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._inbox = Inbox()
        self._lock = threading.Lock()
        self._unsent = bytearray(_greeting())
        self._blocked = True  # until it is open
        self._waits = False  # for the socket to take more
        self._is_open = False
        self._heard = self._loop.time()
        self._asked = False
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def peer(self) -> str:
        """The other end, for messages: ``127.0.0.1:5064``."""
        return "{}:{}".format(*self.address)

    def take(self, said: Message) -> None:
        """One message has come; what it raises ends the connection."""
        raise NotImplementedError

    def turn(self) -> None:
        """All the messages have come that there are for now."""

    def lost(self, reason: str) -> None:
        """The connection has ended."""

    async def open(self) -> None:
        """Connect; a failure is told to `lost`, too."""
        try:
            async with asyncio.timeout(timeouts.OPEN_S):
                await self._loop.sock_connect(self._socket, self.address)
        except OSError as error:
            logger.info("%s takes no connection: %s", self.peer, error)
            self.close(f"no connection: {error}")
            return
        if not self._closed:
            self._is_open = True
            self._loop.add_reader(self._socket, self._readable)
            self._flush()
            self._heard = self._loop.time()
            self._watch = self._loop.call_later(self._silence_s, self._look)

    def send(self, data: bytes) -> None:
        """Send, after all that was given before; nothing is sent once the connection has ended."""
        with self._lock:
            if self._blocked:
                if not self._closed:
                    self._unsent += data
                return
            sent = self._try_to_send(data)
            if sent == len(data):
                return
            self._unsent += memoryview(data)[sent:]
            self._blocked = True
        with contextlib.suppress(RuntimeError):  # where the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._await_writing)

    def close(self, reason: str) -> None:
        """End the connection, for a reason that is told to `lost`."""
        if self._closed:
            return
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._is_open:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        with self._lock:
            self._blocked = True
            self._unsent.clear()
            self._socket.close()
        self.lost(reason)

    def probe(self) -> None:
        """Ask for a sign of life now; without one the connection is given up."""
        if self._is_open and not self._asked and not self._closed:
            self._ask()

    def _readable(self) -> None:
        with self._lock:
            self._blocked = (
                True  # until the end of this turn, so that what is said to it goes out together
            )
        try:
            self._receive()
        except BlockingIOError:
            pass
        except OSError as error:
            self.close(str(error))
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            debugging = logger.isEnabledFor(logging.DEBUG)
            logger.warning("disconnecting %s: %s", self.peer, cause, exc_info=debugging)
            self.close(cause)
        self._heard, self._asked = self._loop.time(), False
        self.turn()
        if not self._closed:
            self._flush()

    def _receive(self) -> None:
        for _ in range(READS):
            space = self._inbox.space()
            size = self._socket.recv_into(space)
            if not size:
                self.close("the server has closed the connection")
                return
            for one in self._inbox.received(size):
                self.take(one)
            if size < len(space):
                return

    def _try_to_send(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # who reads will find out why

    def _flush(self) -> None:
        with self._lock:
            if self._unsent:
                del self._unsent[: self._try_to_send(self._unsent)]
            self._blocked = blocked = bool(self._unsent)
        if blocked and not self._waits:
            self._await_writing()
        elif self._waits and not blocked:
            self._waits = False
            self._loop.remove_writer(self._socket)

    def _await_writing(self) -> None:
        if not self._closed:
            self._waits = True
            self._loop.add_writer(self._socket, self._flush)

    def _look(self) -> None:
        """Ask a silent server for a sign of life, and give it up if there is none."""
        silent_s = self._loop.time() - self._heard
        if self._asked:
            logger.warning("%s is silent; disconnecting", self.peer)
            self.close("the server is silent")
        elif silent_s >= self._silence_s:
            self._ask()
        else:
            self._watch = self._loop.call_later(self._silence_s - silent_s, self._look)

    def _ask(self) -> None:
        self._asked = True
        self.send(message(wire.ECHO))
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_later(timeouts.ECHO_S, self._look)


def _greeting() -> bytes:
    return (
        message(wire.VERSION, 0, wire.MINOR_VERSION)
        + message(wire.HOST_NAME, payload=socket.gethostname().encode() + b"\0")
        + message(wire.CLIENT_NAME, payload=_user().encode() + b"\0")
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
