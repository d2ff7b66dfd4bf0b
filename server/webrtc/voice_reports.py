"""What receivers say of the voices sent to them (RFC 3550, section 6.4)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import RtcpReceiverInfo


@dataclass(frozen=True)
class VoiceReport:
    """How a voice arrived since it was last reported."""

    expected: int
    """Packets, those included that were lost."""
    lost: int
    round_trip_s: float | None = None
    """There and back; None where the report does not tell."""


class ReportReader:
    """Reads the receiver reports of one outgoing stream."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._asked: tuple[int, float] | None = None
        self._highest: int | None = None
        self._lost = 0

    def note_asked(self, ntp_timestamp: int) -> None:
        """Take note that a sender report with this time (NTP, 64 bits) goes out now."""
        self._asked = ntp_timestamp >> 16 & 0xFFFFFFFF, self._now()

    def read(self, block: RtcpReceiverInfo) -> VoiceReport:
        """Return what a report block says that the last one did not."""
        # The first one counts from where its receiver began to listen, which it does not tell.
        expected = 0 if self._highest is None else max(0, block.highest_sequence - self._highest)
        lost = 0 if self._highest is None else min(expected, max(0, block.packets_lost - self._lost))
        self._highest, self._lost = block.highest_sequence, block.packets_lost
        return VoiceReport(expected, lost, self._round_trip_s(block))

    def _round_trip_s(self, block: RtcpReceiverInfo) -> float | None:
        if self._asked is None or block.lsr != self._asked[0]:
            return None
        return max(0.0, self._now() - self._asked[1] - block.dlsr / 65536)
