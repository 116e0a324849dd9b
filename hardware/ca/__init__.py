"""Channel Access: PVs of EPICS IOCs, on caproto's protocol; caproto is imported when a transport is made."""

from beamtwin.hardware.ca.transport import CAChannel, CATransport

__all__ = ["CAChannel", "CATransport"]
