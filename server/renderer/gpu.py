"""How busy the GPU is that a renderer draws with."""

import importlib
import logging
from typing import Any

logger = logging.getLogger(__name__)


class GpuMeter:
    """Reads the share of time in which the first GPU was busy lately, whoever used it (NVML's utilisation)."""

    def __init__(self) -> None:
        """Open NVML. Raises `OSError` where the package `nvidia-ml-py` or the driver is missing."""
        try:
            self._nvml: Any = importlib.import_module("pynvml")
            self._nvml.nvmlInit()
            self._device = self._nvml.nvmlDeviceGetHandleByIndex(0)
        except ImportError as error:
            raise OSError("nvidia-ml-py is not installed: pip install 'facewire[gpu]'") from error
        except Exception as error:
            # NVML's errors are classes that it makes at run time.
            raise OSError(f"NVML does not start: {error}") from error

    @property
    def name(self) -> str:
        """The GPU's name."""
        return str(self._nvml.nvmlDeviceGetName(self._device))

    def share(self) -> float:
        """Return the share, 0–1."""
        return float(self._nvml.nvmlDeviceGetUtilizationRates(self._device).gpu) / 100
