"""Channel Access on a TCP stream: messages to bytes, bytes to messages; no input or output of its own.

The client has its own codec because caproto's costs several times as much a message (docs/channel-access.md). Names
and layouts are those of EPICS's "Channel Access Protocol Specification".
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

__all__ = ["MINOR_VERSION", "Inbox", "Message", "ProtocolError", "datagram", "message"]

#: What this client speaks: 4.13.
MINOR_VERSION = 13

VERSION, EVENT_ADD, EVENT_CANCEL, WRITE, SEARCH = 0, 1, 2, 4, 6
EVENTS_OFF, EVENTS_ON, ERROR, CLEAR_CHANNEL, BEACON = 8, 9, 11, 12, 13
NOT_FOUND, READ_NOTIFY, REPEATER_CONFIRM, CREATE_CHANNEL, WRITE_NOTIFY = 14, 15, 17, 18, 19
CLIENT_NAME, HOST_NAME, ACCESS_RIGHTS, ECHO, REPEATER_REGISTER = 20, 21, 22, 23, 24
CREATE_FAILED, SERVER_DISCONNECTED = 26, 27

HEADER = struct.Struct(">HHHHII")
EXTENSION = struct.Struct(">II")

#: What stands in a header for a size that it has no room for: an extension follows.
LONG = 0xFFFF

#: Messages up to this many bytes are read many at a time; longer ones into memory of their own.
BUFFER = 1 << 16

#: A message that claims to be longer is no message.
LONGEST = 1 << 31

PAD = bytes(8)

Payload = bytes | memoryview


class ProtocolError(Exception):
    """The peer does not speak Channel Access."""


class Message(NamedTuple):
    """One message; what the two parameters are depends on the command."""

    command: int
    data_type: int
    elements: int
    p1: int
    p2: int
    payload: Payload


def message(
    command: int,
    data_type: int = 0,
    count: int = 0,
    p1: int = 0,
    p2: int = 0,
    payload: bytes = b"",
) -> bytes:
    """A message as it is sent."""
    size = len(payload)
    if not size and count < LONG:
        return HEADER.pack(command, 0, data_type, count, p1, p2)
    padding = -size % 8
    size += padding
    if size < LONG and count < LONG:
        header = HEADER.pack(command, size, data_type, count, p1, p2)
    else:
        header = HEADER.pack(command, LONG, data_type, 0, p1, p2) + EXTENSION.pack(size, count)
    return b"".join((header, payload, PAD[:padding]))


class Inbox:
    """Cuts a stream into messages.

    The bytes of a long message are read where they stay, so that an array is not copied.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._long: Message | None = None
        self._room = memoryview(b"")

    def space(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._room if self._long is not None else self._view[self._filled :]

    def received(self, size: int) -> Iterator[Message]:
        """So many bytes have been put into `space`: the messages that are complete now.

        Raises
        ------
        ProtocolError
            Where they are none.
        """
        if self._long is None:
            self._filled += size
            yield from self._cut()
            return
        self._room = self._room[size:]
        if not self._room:
            complete, self._long = self._long, None
            yield complete

    def _cut(self) -> Iterator[Message]:
        start = 0
        while self._filled - start >= HEADER.size:
            command, size, data_type, count, p1, p2 = HEADER.unpack_from(self._buffer, start)
            body = start + HEADER.size
            if size == LONG:
                body += EXTENSION.size
                if self._filled < body:
                    break
                size, count = EXTENSION.unpack_from(self._buffer, body - EXTENSION.size)
            end = body + size
            if end > self._filled:
                if end - start > BUFFER:
                    self._begin_long(Message(command, data_type, count, p1, p2, b""), size, body)
                    return
                break
            yield Message(command, data_type, count, p1, p2, bytes(self._view[body:end]))
            start = end
        left = self._filled - start
        self._buffer[:left] = self._buffer[start : self._filled]
        self._filled = left

    def _begin_long(self, header: Message, size: int, body: int) -> None:
        if size > LONGEST:
            raise ProtocolError(f"a message of {size} bytes")
        payload = np.empty(size, "u1").data  # a bytearray would be filled with zeros first
        here = self._filled - body
        payload[:here] = self._view[body : self._filled]
        self._long = header._replace(payload=payload)
        self._room = payload[here:]
        self._filled = 0


def datagram(data: bytes) -> list[Message]:
    """The messages in a UDP datagram; raises `ProtocolError` where it holds none, or a part of one."""
    messages = []
    start = 0
    while start < len(data):
        if len(data) < start + HEADER.size:
            raise ProtocolError("a datagram ends in the middle of a message")
        command, size, data_type, count, p1, p2 = HEADER.unpack_from(data, start)
        body = start + HEADER.size
        start = body + size
        if start > len(data):
            raise ProtocolError("a datagram ends in the middle of a message")
        messages.append(Message(command, data_type, count, p1, p2, data[body:start]))
    return messages
