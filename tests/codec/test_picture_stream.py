"""Keyframes predicted from one another: the stream of their pictures, and what somebody new needs of them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codec.encoder import resize
from codec.errors import PictureError, UnknownKeyframeError
from codec.intra_picture import Picture, PictureCodec
from codec.keyframe_chains import KeyframeChains
from codec.keyframes import Keyframe
from codec.picture_stream import PictureStreamDecoder, PictureStreamEncoder
from tests.material import portrait

_NOBODY = (0,) * 32


def _pictures(count: int) -> list[Picture]:
    """A portrait that the camera pans over."""
    return [resize(portrait()[:256, 90 + 3 * shift : 346 + 3 * shift], 256) for shift in range(count)]


def _keyframes(pictures: list[Picture], first_number: int = 254, crf: int = 40) -> list[Keyframe]:
    encoder = PictureStreamEncoder(256, crf)
    coded = [encoder.encode(picture) for picture in pictures]
    return [
        Keyframe((first_number + index) % 256, 0, 256, _NOBODY, _NOBODY, codec, data)
        for index, (codec, data) in enumerate(coded)
    ]


def _psnr(a: Picture, b: Picture) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_pictures_after_the_first_cost_less_and_arrive() -> None:
    pictures = _pictures(5)
    keyframes = _keyframes(pictures)
    decoder = PictureStreamDecoder()
    assert [k.picture_codec for k in keyframes] == [PictureCodec.AV1] + [PictureCodec.AV1_NEXT] * 4
    assert np.mean([len(k.picture) for k in keyframes[1:]]) < 0.4 * len(keyframes[0].picture)
    for keyframe, picture in zip(keyframes, pictures, strict=True):
        assert _psnr(decoder.decode(Keyframe.parse(bytes(keyframe))), picture) > 30


def test_a_gap_is_noticed_and_an_intra_picture_mends_it() -> None:
    keyframes = _keyframes(_pictures(4))
    decoder = PictureStreamDecoder()
    with pytest.raises(UnknownKeyframeError):
        decoder.decode(keyframes[1])
    decoder.decode(keyframes[0])
    with pytest.raises(UnknownKeyframeError) as caught:
        decoder.decode(keyframes[2])
    assert caught.value.number == keyframes[1].number
    for keyframe in keyframes[1:]:
        decoder.decode(keyframe)
    decoder.decode(keyframes[0])
    decoder.decode(keyframes[1])


def test_a_broken_picture_spoils_none_that_follow_unnoticed() -> None:
    keyframes = _keyframes(_pictures(3))
    decoder = PictureStreamDecoder()
    decoder.decode(keyframes[0])
    broken = Keyframe(
        keyframes[1].number, 0, 256, _NOBODY, _NOBODY, PictureCodec.AV1_NEXT, b"\x32\x05\x00\x01\x02\x03\x04"
    )
    with pytest.raises(PictureError):
        decoder.decode(broken)
    with pytest.raises(UnknownKeyframeError):
        decoder.decode(keyframes[2])


def test_random_pictures_are_refused_or_decoded_never_more() -> None:
    keyframes = _keyframes(_pictures(2))
    generator = np.random.default_rng(3)
    for _ in range(200):
        decoder = PictureStreamDecoder()
        decoder.decode(keyframes[0])
        data = bytearray(keyframes[1].picture)
        for position in generator.integers(0, len(data), 3):
            data[position] = generator.integers(0, 256)
        cut = bytes(data[: generator.integers(1, len(data) + 1)])
        try:
            picture = decoder.decode(
                Keyframe(keyframes[1].number, 0, 256, _NOBODY, _NOBODY, PictureCodec.AV1_NEXT, cut)
            )
        except PictureError:
            continue
        assert picture.shape == (256, 256, 3)


def test_two_frames_in_one_keyframe_are_refused() -> None:
    keyframes = _keyframes(_pictures(3))
    decoder = PictureStreamDecoder()
    decoder.decode(keyframes[0])
    with pytest.raises(PictureError, match="2 frames"):
        decoder.decode(replace(keyframes[1], picture=keyframes[1].picture + keyframes[2].picture))
    decoder = PictureStreamDecoder()
    with pytest.raises(PictureError, match="2 frames"):
        decoder.decode(replace(keyframes[0], picture=keyframes[0].picture + keyframes[1].picture))


def test_a_first_picture_can_be_made_smaller_than_the_coarsest_quality_makes_it() -> None:
    (picture,) = _pictures(1)
    sizes = [len(PictureStreamEncoder(256, 58, offset).encode(picture)[1]) for offset in (-48, 0, 48)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.5 * len(PictureStreamEncoder(256, 63).encode(picture)[1])


def test_other_pictures_are_refused() -> None:
    encoder = PictureStreamEncoder(256, 40)
    with pytest.raises(PictureError, match="256"):
        encoder.encode(np.zeros((128, 128, 3), np.uint8))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads' scheduling is looked up in Linux' /proc")
def test_no_thread_stays_under_real_time_scheduling() -> None:
    encoder = PictureStreamEncoder(64, 50)
    for _ in range(2):
        encoder.encode(np.zeros((64, 64, 3), np.uint8))
    policies = {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}
    assert os.SCHED_FIFO not in policies


def test_chains_hold_what_a_keyframe_needs() -> None:
    chains = KeyframeChains()
    assert chains.newest(4) == []
    assert chains.since(3) == []

    def add(number: int, codec: PictureCodec) -> bytes:
        data = bytes(Keyframe(number, 0, 256, _NOBODY, _NOBODY, codec, bytes(100)))
        chains.add(data)
        return data

    first = [add(0, PictureCodec.AV1), *(add(number, PictureCodec.AV1_NEXT) for number in (1, 2))]
    second = [add(3, PictureCodec.AV1), add(4, PictureCodec.AV1_NEXT)]
    assert chains.since(1) == first + second
    assert chains.since(4) == second
    assert chains.since(77) == second
    assert chains.newest(2) == second
    assert chains.newest(4) == first + second
    add(9, PictureCodec.AV1_NEXT)
    assert chains.newest(2) == second, "a gap in a chain is not handed on"
    assert chains.newest_bytes() == sum(map(len, second))
    singles = [add(number, PictureCodec.AV1) for number in range(5, 20)]
    assert chains.newest(99) == singles[-12:]
