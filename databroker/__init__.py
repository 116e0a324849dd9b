"""What was seen: experiment and simulation runs, side by side."""

if not __name__.startswith("beamtwin."):
    raise ImportError(
        f"{__name__!r} is a folder of beamtwin's checkout: install the project and import 'beamtwin.databroker'"
    )

from beamtwin.databroker.broker import Broker
from beamtwin.databroker.errors import DataBrokerError, DataBrokerWarning
from beamtwin.databroker.run import Run
from beamtwin.databroker.search import FullText, Key, ScanIDRange, Tagged, TimeRange

__all__ = [
    "Broker",
    "DataBrokerError",
    "DataBrokerWarning",
    "FullText",
    "Key",
    "Run",
    "ScanIDRange",
    "Tagged",
    "TimeRange",
]
