"""ProsilicaDriver: ADProsilica, a camera with 8 or 12 bits."""

from typing import Any

import numpy as np

from beamtwin.twin.areadetector.driver import Driver, Steps
from beamtwin.twin.areadetector.frame import FrameSource
from beamtwin.twin.areadetector.plugin import Network
from beamtwin.twin.areadetector.templates.prosilica import PROSILICA
from beamtwin.twin.database import Database

__all__ = ["ProsilicaDriver"]


class ProsilicaDriver(Driver):
    """prosilica.template. What is brighter than its pixels hold saturates."""

    table = PROSILICA
    triggered = ("Sync In 1", "Sync In 2", "Sync In 3", "Sync In 4", "Software")

    def __init__(
        self, network: Network, database: Database, prefix: str, frames: FrameSource, **options: Any
    ):
        options = {"manufacturer": "Prosilica", "model": "GC1380", **options}
        super().__init__(network, database, prefix, frames, **options)
        self.port.on_put("TriggerSoftware", self._trigger_by_software)

    @property
    def dtype(self) -> np.dtype:
        """As DataType says."""
        return np.dtype(self.port.choice("DataType").lower())

    def can_have_type(self, number: int) -> bool:
        """Either."""
        return True

    def pixels(self, image: Any) -> np.ndarray:
        """Whole numbers, up to the largest."""
        top = np.iinfo(self.dtype).max
        return np.clip(np.asarray(image), 0, top).astype(self.dtype)

    def take_one(self) -> Steps:
        """Take a frame, and count it."""
        yield from super().take_one()
        self.port["PSFramesCompleted"] += 1

    def _trigger_by_software(self, start: int) -> None:
        if start:
            self.trigger()
        self.port.reset("TriggerSoftware", 0)
