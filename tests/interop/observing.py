"""Watches what pages of a call see, show and play."""

from pathlib import Path
from typing import Any

import numpy as np

_OBSERVER = Path(__file__).parent / "observer.js"


def observe(pages: dict[Any, int], seconds: float) -> list[dict[str, Any]]:
    """Watch all pages at once; `pages` maps each page to the participant whose tile is watched.

    Says how fast the slower browser tracked its camera: below 12 pictures a second the machine decides what is seen.
    """
    observer = _OBSERVER.read_text()
    script = observer[observer.index("async") :].strip().rstrip(";")
    for page, participant in pages.items():
        page.evaluate(
            f"(options) => {{ window.observed = ({script})(options); }}",
            {"participant": participant, "seconds": seconds},
        )
    observed = [page.evaluate("window.observed") for page in pages]
    slowest = min(float(np.median(seen["trackedPerSecond"] or [0])) for seen in observed)
    print(f"the slower browser tracked {slowest:.1f} pictures a second")
    return observed
