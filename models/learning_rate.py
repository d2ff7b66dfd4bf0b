"""How the learning rate runs over a training."""

import math

_FINAL_SHARE = 0.05


def learning_rate(highest: float, progress: float, step: int, warmup_steps: int) -> float:
    """Return the rate at `progress` (0…1): it rises over the first steps and falls with a cosine to a twentieth."""
    cosine = (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    warm = min(1.0, (step + 1) / max(warmup_steps, 1))
    return highest * (_FINAL_SHARE + (1 - _FINAL_SHARE) * cosine) * warm
