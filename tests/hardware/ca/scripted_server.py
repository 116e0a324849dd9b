"""A Channel Access server that does as a test tells it: one PV, ``S``, a number."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from beamtwin.hardware.ca import wire
from beamtwin.hardware.ca.wire import Inbox, Message, datagram, message

NORMAL, PUT_FAILED, NO_READ_ACCESS = 1, 160, 368
DOUBLE, TIME_DOUBLE, CONTROL_DOUBLE = 6, 20, 34


class ScriptedServer:
    """Answers from threads of its own, until `close`.

    Attributes
    ----------
    version : int
        The minor version that it says it has.
    rights : int
        1 to read, 2 to write.
    knows_properties : bool
        Whether it takes subscriptions to properties.
    holds_monitors : bool
        Keep what monitors have to say until `release`.
    deaf : bool
        Take no notice of what is said to it on its connections.
    says : dict
        Command to what is done with it, for those that are not answered as usual.
    """

    def __init__(self, port: int = 0):
        self.value, self.seconds, self.units = 1.0, 100, b"mm"
        self.version = wire.MINOR_VERSION
        self.rights = 3
        self.knows_properties = True
        self.holds_monitors = self.deaf = False
        self.puts_wait = False
        self.heard: deque[Message] = deque(maxlen=50)
        self.searches = 0
        self.says: dict[int, Callable[[socket.socket, Message], None]] = {}
        self._held: list[tuple[socket.socket, bytes]] = []
        self._monitors: dict[int, tuple[socket.socket, int]] = {}
        self._properties: dict[int, tuple[socket.socket, int]] = {}
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._tcp, self._udp = _sockets(port)
        self.port: int = self._tcp.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._find)
        self._start(self._accept)

    def close(self) -> None:
        self.hang_up()
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._udp.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()

    def hang_up(self) -> None:
        """Close all connections, and take new ones."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def post(self, value: float, *, later: float = 1.0) -> None:
        """Have a new value, ``later`` seconds later, and tell the monitors."""
        self.value = value
        self.seconds += int(later)
        for key, (connection, _) in tuple(self._monitors.items()):
            news = message(wire.EVENT_ADD, TIME_DOUBLE, 1, NORMAL, key, self._timed())
            if self.holds_monitors:
                self._held.append((connection, news))
            else:
                self._send(connection, news)

    def release(self) -> None:
        """Send what was held."""
        held, self._held = self._held, []
        for connection, news in held:
            self._send(connection, news)

    def describe(self, units: bytes) -> None:
        """Have other units, and tell who wants to know."""
        self.units = units
        for key, (connection, _) in self._properties.items():
            self._send(connection, self._description(key))

    def allow(self, rights: int) -> None:
        """Have other rights, and tell the client."""
        self.rights = rights
        for connection in self._connections:
            self._send(connection, message(wire.ACCESS_RIGHTS, p1=self._cid, p2=rights))

    def end_puts(self) -> None:
        """Let the puts end that wait."""
        for said in [said for said in self.heard if said.command == wire.WRITE_NOTIFY]:
            for connection in self._connections:
                self._complete(connection, said)

    # --- answers --------------------------------------------------------------------------------

    def _answer(self, connection: socket.socket, said: Message) -> None:
        self.heard.append(said)
        special = self.says.get(said.command)
        usual = USUAL.get(said.command)
        if special is not None:
            special(connection, said)
        elif usual is not None and not self.deaf:
            usual(self, connection, said)

    def _greet(self, connection: socket.socket, said: Message) -> None:
        self._send(connection, message(wire.VERSION, 0, self.version))

    def _echo(self, connection: socket.socket, said: Message) -> None:
        self._send(connection, message(wire.ECHO))

    def _name(self, connection: socket.socket, said: Message) -> None:
        self._send(connection, self._found(said))

    def _create(self, connection: socket.socket, said: Message) -> None:
        self._cid = said.p1
        rights = message(wire.ACCESS_RIGHTS, p1=said.p1, p2=self.rights)
        made = message(wire.CREATE_CHANNEL, DOUBLE, 1, said.p1, 7)
        self._send(connection, rights + made)

    def _read(self, connection: socket.socket, said: Message) -> None:
        told = self._timed() if said.data_type == TIME_DOUBLE else self._described()
        answer = message(wire.READ_NOTIFY, said.data_type, 1, NORMAL, said.p2, told)
        self._send(connection, answer)

    def _write(self, connection: socket.socket, said: Message) -> None:
        (value,) = struct.unpack(">d", said.payload)
        self.post(value)
        if said.command == wire.WRITE_NOTIFY and not self.puts_wait:
            self._complete(connection, said)

    def _complete(self, connection: socket.socket, said: Message) -> None:
        self._send(connection, message(wire.WRITE_NOTIFY, DOUBLE, 1, NORMAL, said.p2))

    def _subscribe(self, connection: socket.socket, said: Message) -> None:
        (mask,) = struct.unpack_from(">12xH", said.payload)
        if mask != 8:
            self._monitors[said.p2] = connection, said.data_type
            first = message(wire.EVENT_ADD, TIME_DOUBLE, 1, NORMAL, said.p2, self._timed())
            self._send(connection, first)
        elif self.knows_properties:
            self._properties[said.p2] = connection, said.data_type
            self._send(connection, self._description(said.p2))
        else:
            self._refuse(connection, said, "what is a property?")

    def _unsubscribe(self, connection: socket.socket, said: Message) -> None:
        self._monitors.pop(said.p2, None)
        self._send(connection, message(wire.EVENT_ADD, said.data_type, 0, said.p1, said.p2))

    def _refuse(self, connection: socket.socket, said: Message, why: str) -> None:
        request = message(*said[:5], bytes(said.payload))[:16]
        text = why.encode() + b"\0"
        self._send(connection, message(wire.ERROR, 0, 0, said.p1, PUT_FAILED, request + text))

    def _timed(self) -> bytes:
        return struct.pack(">hhII4xd", 0, 0, self.seconds, 0, self.value)

    def _described(self) -> bytes:
        limits = (10.0, -10.0, 9.0, 8.0, -8.0, -9.0, 5.0, -5.0)
        return struct.pack(">hhh2x8s8dd", 0, 0, 3, self.units, *limits, self.value)

    def _description(self, key: int) -> bytes:
        return message(wire.EVENT_ADD, CONTROL_DOUBLE, 1, NORMAL, key, self._described())

    # --- sockets --------------------------------------------------------------------------------

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()

    def _find(self) -> None:
        while (received := self._udp.recvfrom(4096))[0]:
            for said in datagram(received[0]):
                if said.command == wire.SEARCH:
                    self._udp.sendto(self._found(said), received[1])

    def _found(self, said: Message) -> bytes:
        if said.payload.rstrip(b"\0") != b"S":
            return b""
        self.searches += 1
        return message(wire.SEARCH, self.port, 0, 0xFFFFFFFF, said.p2, b"\0\15")

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._listen, connection)

    def _listen(self, connection: socket.socket) -> None:
        inbox = Inbox()
        with suppress(OSError):
            while size := connection.recv_into(inbox.space()):
                for said in inbox.received(size):
                    self._answer(connection, said)
        self._connections.remove(connection)
        for group in (self._monitors, self._properties):
            gone = [key for key, (other, _) in group.items() if other is connection]
            for key in gone:
                del group[key]
        connection.close()

    def _send(self, connection: socket.socket, data: bytes) -> None:
        with self._lock, suppress(OSError):
            connection.sendall(data)


USUAL: dict[int, Callable[[ScriptedServer, socket.socket, Message], None]] = {
    wire.VERSION: ScriptedServer._greet,
    wire.ECHO: ScriptedServer._echo,
    wire.SEARCH: ScriptedServer._name,
    wire.CREATE_CHANNEL: ScriptedServer._create,
    wire.READ_NOTIFY: ScriptedServer._read,
    wire.WRITE: ScriptedServer._write,
    wire.WRITE_NOTIFY: ScriptedServer._write,
    wire.EVENT_ADD: ScriptedServer._subscribe,
    wire.EVENT_CANCEL: ScriptedServer._unsubscribe,
}


def _sockets(port: int) -> tuple[socket.socket, socket.socket]:
    """For connections and for searches, at one port."""
    while True:
        tcp = socket.create_server(("127.0.0.1", port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            if port:
                raise
        else:
            return tcp, udp
