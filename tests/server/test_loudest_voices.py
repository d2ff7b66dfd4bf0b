"""In a large room three voices come through: those who spoke first, until one of them falls silent."""

from server.encryption.sealed_header import Lane, SealedHeader
from server.rooms.loudest_voices import LoudestVoices, speaks
from tests.server.test_wire_economy import Clock

VOICE, PAUSE = b"\x18" + bytes(40), b"\x18"


def test_three_are_heard_and_a_fourth_when_one_is_silent() -> None:
    clock = Clock()
    loudest = LoudestVoices(clock)
    assert [loudest.admit(speaker, VOICE) for speaker in (1, 2, 3, 4)] == [True, True, True, False]
    clock.now += 0.9
    assert [loudest.admit(speaker, VOICE) for speaker in (1, 2)] == [True, True]
    assert not loudest.admit(4, VOICE)
    clock.now += 0.2
    assert loudest.admit(4, VOICE)
    assert not loudest.admit(3, VOICE)
    assert loudest.admit(1, PAUSE)
    assert not loudest.admit(5, PAUSE)


def test_a_sealed_packet_says_itself_whether_somebody_speaks() -> None:
    for speech in (False, True):
        header = SealedHeader(1, speech, 5).to_bytes(Lane.VOICE)
        assert speaks(header + bytes(60)) is speech
