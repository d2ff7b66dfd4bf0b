"""Does a server's memory grow while nothing changes? The same load for a long time, and the slope of its memory."""

import time
from dataclasses import dataclass, field

import numpy as np

from server.load.measure import Figures

#: Memory grows at first, while caches and buffers fill: this share of the time does not count.
_WARM_UP = 0.2


@dataclass
class MemorySlope:
    """Takes the memory of a server as it goes on."""

    at_s: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def watch(self, figures: Figures) -> None:
        """Take a sample."""
        self.at_s.append(time.monotonic())
        self.megabytes.append(figures["process_resident_memory_bytes"] / 1e6)

    def report(self, people: int) -> Figures:
        """Return megabytes at the beginning and the end, and the slope in kB an hour, in all and for each person."""
        first = int(_WARM_UP * len(self.at_s))
        hours, megabytes = np.array(self.at_s[first:]) / 3600, np.array(self.megabytes[first:])
        slope = float(np.polyfit(hours - hours[0], megabytes, 1)[0]) if len(hours) > 1 else 0.0
        return {
            "minutes": float(hours[-1] - hours[0]) * 60,
            "mb": [float(megabytes[0]), float(megabytes[-1])],
            "kb_an_hour": 1000 * slope,
            "kb_an_hour_and_person": 1000 * slope / people,
        }
