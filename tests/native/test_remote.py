from itertools import pairwise

from codec.animator import Animator
from codec.decoder import FaceState
from codec.keyframes import slice_keyframe
from codec.recording import RecordKind
from server.native.remote import NoAnimation, RemoteParticipant
from server.protocol.messages import ParticipantInfo
from tests.native.recordings import recorded

SENDER = ParticipantInfo(5, "Ann", "camera")


def test_a_missing_keyframe_is_requested_after_a_while_and_once_a_second() -> None:
    remote = RemoteParticipant(SENDER, NoAnimation(), 0)
    bundles = recorded(RecordKind.BUNDLE)
    asked = [remote.add_bundle(bundle, 120.0 * index) for index, bundle in enumerate(bundles[:20])]
    times = [120 * index for index, numbers in enumerate(asked) if 0 in numbers]
    assert times[0] == 600
    assert all(later - earlier >= 1000 for earlier, later in pairwise(times))
    assert remote.figures.missing_keyframes == sum(map(len, asked))


def test_pictures_are_drawn_once_keyframes_are_here_and_states_are_honest() -> None:
    remote = RemoteParticipant(SENDER, Animator(provider="cpu"), 0)
    assert remote.show(0).state is FaceState.WAITING
    for keyframe in recorded(RecordKind.KEYFRAME):
        for part in slice_keyframe(keyframe):
            remote.add_slice(part)
    assert remote.figures.keyframes == 5
    for index, bundle in enumerate(recorded(RecordKind.BUNDLE)[:5]):
        assert remote.add_bundle(bundle, 120.0 * index) == []
        remote.show(120.0 * index)
    assert remote.state is FaceState.LIVE
    assert remote.figures.pictures == 5
    assert remote.show(5000).state is FaceState.STALE
    assert remote.report(5000)["pictures_per_second"] > 0


def test_broken_bundles_and_slices_are_counted_and_dropped() -> None:
    remote = RemoteParticipant(SENDER, NoAnimation(), 0)
    remote.add_bundle(b"\xff", 0)
    remote.add_slice(b"")
    remote.add_slice(b"\x01\x00\x01 no keyframe")
    assert remote.figures.broken == 3
    assert remote.state is FaceState.WAITING
