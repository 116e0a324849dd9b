"""Channel Access: PVs of EPICS IOCs."""

from beamtwin.hardware.ca.channel import CAChannel
from beamtwin.hardware.ca.timeouts import Timeouts
from beamtwin.hardware.ca.transport import CATransport

__all__ = ["CAChannel", "CATransport", "Timeouts"]
