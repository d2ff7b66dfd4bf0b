"""How much the relay has carried: plain sums, because it counts every packet."""

from collections import Counter

IN, OUT = "in", "out"
SIGNALLING, VOICE, BUS = "signalling", "voice", "bus"


class Traffic:
    """Messages and payload bytes by direction (`in`, `out`) and purpose (a data channel or one of the above)."""

    def __init__(self) -> None:
        self.messages: Counter[tuple[str, str]] = Counter()
        self.bytes: Counter[tuple[str, str]] = Counter()
        self.voice_expected: Counter[str] = Counter()
        """Voice packets on the way to (`out`) and from participants (`in`), as RTCP reports tell."""
        self.voice_lost: Counter[str] = Counter()
        self.keyframe_requests = 0
        self.dropped: Counter[str] = Counter()
        """Messages and packets not relayed, by why; of participants who have gone."""

    def count(self, direction: str, purpose: str, size: int) -> None:
        """Count a message of so many bytes."""
        key = direction, purpose
        self.messages[key] += 1
        self.bytes[key] += size

    def count_voice(self, direction: str, expected: int, lost: int) -> None:
        """Count voice packets that were to arrive, and those of them that did not."""
        self.voice_expected[direction] += expected
        self.voice_lost[direction] += lost
