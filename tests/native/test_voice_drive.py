"""A remote face whose bundles stop while the voice goes on: the demonstration participant's own words move it."""

import numpy as np
import pytest

from codec.decoder import FaceState
from codec.keyframes import slice_keyframe
from codec.recording import RecordingReader, RecordKind
from codec.speech.features import SAMPLE_RATE
from codec.speech.model import SpeechModel
from server.demonstration import RECORDING
from server.native.remote import NoAnimation, RemoteParticipant
from server.native.voice_codec import packet_samples
from server.native.voice_tap import VoiceTap
from server.protocol.messages import ParticipantInfo

SENDER = ParticipantInfo(5, "Ann", "camera")
BUNDLES_END_MS, END_MS = 6_000, 8_000
#: RTP clocks begin anywhere, even just before they wrap.
FIRST_TIMESTAMP = (1 << 32) - 48_000


def states_after_the_bundles_stop(*, allowed: bool) -> tuple[list[FaceState], RemoteParticipant]:
    remote = RemoteParticipant(SENDER, NoAnimation(), 0, SpeechModel().drive())
    remote.allow_drive(allowed)
    states = []
    next_show_ms = 0
    with RecordingReader(RECORDING) as reader:
        for record in reader.records():
            while next_show_ms < record.time_ms:
                shown = remote.show(next_show_ms)
                if next_show_ms > BUNDLES_END_MS + 400:
                    states.append(shown.state)
                next_show_ms += 40
            if record.time_ms > END_MS:
                break
            if record.kind is RecordKind.KEYFRAME:
                for part in slice_keyframe(record.payload):
                    remote.add_slice(part)
            elif record.kind is RecordKind.BUNDLE and record.time_ms < BUNDLES_END_MS:
                remote.add_bundle(record.payload, record.time_ms)
            elif record.kind is RecordKind.VOICE:
                start = round(record.time_ms * 48) - packet_samples(record.payload)
                remote.add_voice(record.payload, (FIRST_TIMESTAMP + start) % (1 << 32), record.time_ms)
    return states, remote


def test_the_voice_moves_the_face_and_that_is_said() -> None:
    states, remote = states_after_the_bundles_stop(allowed=True)
    assert set(states) == {FaceState.SOUND}
    assert remote.report(END_MS)["pictures_by_sound"] > 40


def test_without_consent_the_face_is_held() -> None:
    states, remote = states_after_the_bundles_stop(allowed=False)
    assert states[-1] is FaceState.STALE
    assert FaceState.SOUND not in states
    assert remote.report(END_MS)["pictures_by_sound"] == 0


def test_a_tap_gives_sound_with_unwrapped_times_and_drops_what_is_late() -> None:
    with RecordingReader(RECORDING) as reader:
        packets = [record.payload for record in reader.records() if record.kind is RecordKind.VOICE][:40]
    tap = VoiceTap()
    ends_ms, lengths, timestamp = [], [], FIRST_TIMESTAMP
    for packet in packets:
        heard = tap.decode(packet, timestamp % (1 << 32))
        timestamp += packet_samples(packet)
        assert heard is not None
        lengths.append(len(heard[0]))
        ends_ms.append(heard[1])
    assert np.diff(ends_ms) == pytest.approx([packet_samples(packet) / 48 for packet in packets[1:]])
    assert sum(lengths) == pytest.approx(sum(map(packet_samples, packets)) * SAMPLE_RATE / 48_000, abs=100)
    assert tap.decode(packets[0], FIRST_TIMESTAMP) is None
