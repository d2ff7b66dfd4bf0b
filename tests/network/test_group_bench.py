"""The scores of the group bench."""

import pytest

from tests.network.group_bench import score_voice, updates_per_second

_PACKET = 2_880  #: samples of 60 ms


def test_a_voice_that_comes_whole_is_not_broken() -> None:
    voice = score_voice([[number * 0.06, number * _PACKET] for number in range(101)])
    assert voice.seconds == pytest.approx(6.0)
    assert voice.broken == 0.0


def test_lost_and_late_packets_break_a_voice_and_silence_does_not() -> None:
    spoken = [number for number in range(200) if number not in (10, 11, 150) and not 50 <= number < 100]
    arrivals = [[number * 0.06 + (0.5 if number == 20 else 0.0), number * _PACKET] for number in spoken]
    voice = score_voice(arrivals)
    assert voice.broken == pytest.approx(4 / 149, rel=0.05)


def test_each_frame_of_a_bundle_is_an_update() -> None:
    assert updates_per_second([[0.0, 3], [0.12, 3]], 2.0) == 3.0
