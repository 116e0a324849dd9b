"""How long the Channel Access client waits, in seconds."""

from dataclasses import dataclass

__all__ = ["Timeouts"]


@dataclass(frozen=True)
class Timeouts:
    """How long each operation may take where its caller says nothing."""

    connect_s: float = 5.0
    """For PVs to be found and connected."""
    read_s: float = 5.0
    """For a reading that was asked for."""
    put_s: float | None = None
    """For a put to be done; None waits for as long as the record's processing takes."""


#: From one search to the next: at first, and at most; between them it doubles.
FIRST_SEARCH_S, LAST_SEARCH_S = 0.03, 5.0

#: For a second server to say that it has a PV too.
SECOND_ANSWER_S = 1.0

#: To open a TCP connection.
OPEN_S = 5.0

#: From the loss of a PV, or of a name server, to the next try.
RETRY_S = 0.2

#: For the answer to an echo: EPICS's own ``CA_ECHO_TIMEOUT``. When an echo is sent, ``EPICS_CA_CONN_TMO`` says.
ECHO_S = 5.0

#: From one registration with the CA repeater to the next.
REGISTER_S = 60.0

#: Between looks at how far subscribers are behind.
LOOK_S = 0.01
