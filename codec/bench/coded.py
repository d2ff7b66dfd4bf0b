"""What any codec made of a clip at one rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.bench.clip import FPS, Pictures


@dataclass(frozen=True)
class Coded:
    """Pictures as a receiver sees them, one for each of the clip's, and what they cost."""

    codec: str
    setting: str  #: what made this rate: a quantiser, a target
    pictures: Pictures
    payload_bytes: int  #: everything but sound; no container, no headers of a transport
    plain: NDArray[np.bool_] | None = None  #: frames that facewire shows as they are; ordinary codecs do with all

    @property
    def kbps(self) -> float:
        """Payload in kbit/s."""
        return self.payload_bytes * 8 * FPS / len(self.pictures) / 1000
