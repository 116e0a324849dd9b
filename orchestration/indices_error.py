"""IndicesError, apart from all other errors: event-model, whose error it is too, takes half a second to import."""

from event_model import EventModelValueError

from beamtwin.orchestration.errors import DeviceError

__all__ = ["IndicesError"]


class IndicesError(DeviceError, EventModelValueError):
    """Files that belong to the same events have different numbers of frames."""
