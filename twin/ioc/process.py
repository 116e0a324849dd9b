"""Serving a database: in a loop, in the foreground, or in a process of its own."""

import asyncio
import contextlib
import errno
import multiprocessing
import signal
import socket
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Self

from beamtwin.orchestration.errors import AddressError, BeamtwinError
from beamtwin.twin.clock import PacedClock

if TYPE_CHECKING:
    from beamtwin.twin.database import Database

__all__ = ["IOCProcess", "run", "serve"]

#: How many ports to try where any will do.
ATTEMPTS = 50

#: Seconds for a child to import, make its database and listen; and to end.
START_S, STOP_S = 60.0, 5.0


async def serve(
    database: "Database",
    *,
    interface: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[int], object] = lambda port: None,
) -> None:
    """Serve a database over Channel Access until cancelled.

    Parameters
    ----------
    database : Database
        On a `PacedClock`, whose timeline runs in this loop from now on.
    interface : str
        The address to listen at. Any but the loopback lets other machines in.
    port : int
        For searches (UDP) and connections (TCP); 0 takes a free one.
    on_ready
        Called with the port, once clients can connect.

    Raises
    ------
    AddressError
        Where the port is taken, or the interface is not this machine's.
    BeamtwinError
        Where the database's clock is not a `PacedClock`.
    """
    from beamtwin.hardware.ca.environment import is_loopback
    from beamtwin.twin.ioc.server import Server

    clock = database.clock
    if not isinstance(clock, PacedClock):
        raise BeamtwinError("an IOC lives in real time: make its database with a PacedClock")
    with _sockets(interface, port) as (tcp, udp):
        if not is_loopback(tcp.getsockname()[0]):
            warnings.warn(
                f"the twin is served on {interface}: whoever reaches this machine can write to its PVs",
                stacklevel=2,
            )
        await Server(database, clock).run(tcp, udp, on_ready)


def run(
    database: "Database",
    *,
    interface: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[int], object] = lambda port: None,
) -> None:
    """Serve a database in the foreground until Ctrl-C or SIGTERM; see `serve`."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(
            serve(database, interface=interface, port=port, on_ready=on_ready)
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())


class IOCProcess:
    """An IOC in a child process, for as long as a ``with`` block lasts.

    Parameters
    ----------
    make : callable
        Makes the database, in the child: a function that can be imported there.
    *arguments
        What ``make`` is called with; picklable.
    interface, port
        As in `serve`.

    Attributes
    ----------
    port : int
        The one taken.
    process : multiprocessing.Process
        The child.

    Raises
    ------
    BeamtwinError
        On entry, where the child fails to start: with its reason.
    """

    def __init__(
        self,
        make: "Callable[..., Database]",
        *arguments: object,
        interface: str = "127.0.0.1",
        port: int = 0,
    ):
        self.interface = interface
        self.port = port
        context = multiprocessing.get_context("spawn")
        self._pipe, self._far_end = context.Pipe()
        self.process = context.Process(
            target=_serve_in_child,
            args=(self._far_end, make, arguments, interface, port),
            name="beamtwin IOC",
            daemon=False,  # a daemon may have no worker processes
        )

    def __enter__(self) -> Self:
        self.process.start()
        self._far_end.close()
        try:
            self.port = self._await_port()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, by force where it does not end by itself."""
        self._pipe.close()
        self.process.join(STOP_S)
        for end in (self.process.terminate, self.process.kill):
            if self.process.exitcode is None:
                end()
                self.process.join(STOP_S)

    def _await_port(self) -> int:
        if not self._pipe.poll(START_S):
            raise BeamtwinError(f"the IOC did not start within {START_S:g} s")
        try:
            word = self._pipe.recv()
        except EOFError:
            raise BeamtwinError("the IOC died while it started") from None
        if isinstance(word, str):
            raise BeamtwinError(f"the IOC did not start: {word}")
        return word


def _serve_in_child(
    pipe: Pipe,
    make: "Callable[..., Database]",
    arguments: tuple[object, ...],
    interface: str,
    port: int,
) -> None:
    """Serve until the parent closes the pipe, or dies. Ctrl-C is the parent's to act on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready = False

    def tell(port: int) -> None:
        nonlocal ready
        ready = True
        pipe.send(port)

    async def main() -> None:
        database = make(*arguments)
        task = asyncio.ensure_future(serve(database, interface=interface, port=port, on_ready=tell))
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_reader(pipe.fileno())
            task.cancel()

        loop.add_reader(pipe.fileno(), stop)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        finally:
            database.close()

    try:
        asyncio.run(main())
    except Exception as error:
        if ready:
            raise
        pipe.send(f"{type(error).__name__}: {error}")
        raise SystemExit(1) from None


@contextlib.contextmanager
def _sockets(interface: str, port: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """TCP and UDP sockets on one port.

    The UDP port is not shared: of two servers that share one, each would hear half of the searches.
    """
    for attempt in range(ATTEMPTS):
        with contextlib.ExitStack() as stack:
            tcp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            try:
                tcp.bind((interface, port))
                udp.bind(tcp.getsockname())
            except OSError as error:
                if port == 0 and attempt < ATTEMPTS - 1:
                    continue
                raise AddressError(_explain(interface, port, error)) from None
            yield tcp, udp
            return


def _explain(interface: str, port: int, error: OSError) -> str:
    taken = "another IOC? choose another port, or 0 for a free one"
    why = taken if error.errno == errno.EADDRINUSE else error.strerror
    return f"cannot serve on {interface}:{port}: {why}"
