"""Keyframes' pictures in a real browser: what Python has coded looks there as it does here, and bad ones do no harm."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page

from codec.encoder import resize
from codec.intra_picture import Picture, PictureCodec
from codec.keyframes import Keyframe
from codec.picture_stream import PictureStreamDecoder
from tests.material import portrait
from tests.page.client_modules import call, page_with

pytestmark = pytest.mark.browser

_DECODER = "codec/picture_stream_decoder.ts"
#: Decodes keyframes in turn with one decoder; `alone` takes the stream decoder away.
_DECODE = """
async ({ PictureStreamDecoder, streamDecoderConfig }, { keyframes, alone, side }) => {
  const decoder = new PictureStreamDecoder(alone ? null : await streamDecoderConfig(), side);
  const parsed = keyframes.map(({ picture, ...rest }) => (
    { ...rest, picture: Uint8Array.from(atob(picture), (character) => character.charCodeAt(0)) }
  ));
  const decode = async (keyframe) => {
    const begin = performance.now();
    try {
      const image = await decoder.decode(keyframe);
      const text = image && Array.from(image.data, (byte) => String.fromCharCode(byte)).join('');
      return { rgba: text && btoa(text), ms: performance.now() - begin };
    } catch (error) {
      return { error: error.name, number: error.number };
    }
  };
  const results = await Promise.all(parsed.map(decode));
  decoder.close();
  return results;
}
"""


def _chain() -> list[Keyframe]:
    stored = json.loads((Path(__file__).parents[1] / "vectors/pictures.json").read_text())
    return [Keyframe.parse(bytes.fromhex(vector["bytes"])) for vector in stored]


def _with(keyframe: Keyframe, picture: bytes) -> Keyframe:
    return Keyframe(keyframe.number, 0, keyframe.side, keyframe.shape, keyframe.motion, keyframe.picture_codec, picture)


async def _decode(page: Page, keyframes: Sequence[Keyframe], alone: bool = False, side: int = 256) -> list[Any]:
    """Return for each keyframe its (side, side, 3) picture, or the name of the error."""
    described = [
        {"number": k.number, "side": k.side, "pictureCodec": int(k.picture_codec)}
        | {"picture": base64.b64encode(k.picture).decode()}
        for k in keyframes
    ]
    results = await call(page, _DECODE, {"keyframes": described, "alone": alone, "side": side})
    print("ms each:", [round(result["ms"], 1) for result in results if "ms" in result])
    return [
        np.frombuffer(base64.b64decode(result["rgba"]), np.uint8).reshape(side, side, 4)[:, :, :3]
        if "rgba" in result
        else result["error"]
        for result in results
    ]


def _psnr(a: Picture, b: Picture) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


_ENCODER = "codec/picture_stream_encoder.ts"
#: Codes RGBA pictures in turn with one encoder, with an intra picture where `intra` says so.
_ENCODE = """
async ({ PictureStreamEncoder }, { pictures, intra, limit }) => {
  const encoder = new PictureStreamEncoder({ keyframeQuantiser: 96, keyframeBytes: limit });
  const coded = [];
  for (const [index, picture] of pictures.entries()) {
    const data = Uint8ClampedArray.from(atob(picture), (character) => character.charCodeAt(0));
    const { codec, bytes } = await encoder.encode(new ImageData(data, 256, 256), intra.includes(index));
    coded.push([codec, btoa(String.fromCharCode(...bytes))]);
  }
  return coded;
}
"""


async def _encode(page: Page, pictures: list[Picture], intra: list[int], limit: int = 100_000) -> list[Keyframe]:
    opaque = np.full((256, 256, 1), 255, np.uint8)
    described = [base64.b64encode(np.dstack([picture, opaque]).tobytes()).decode() for picture in pictures]
    coded = await call(page, _ENCODE, {"pictures": described, "intra": intra, "limit": limit})
    return [
        Keyframe(number, 0, 256, None, None, PictureCodec(codec), base64.b64decode(picture))
        for number, (codec, picture) in enumerate(coded)
    ]


async def test_what_the_browser_codes_is_a_chain_that_python_decodes(tmp_path: Path) -> None:
    pictures = [resize(portrait()[:256, 90 + 3 * shift : 346 + 3 * shift], 256) for shift in range(6)]
    async with page_with(_ENCODER, tmp_path) as page:
        keyframes = await _encode(page, pictures, intra=[4])
        small = await _encode(page, pictures, intra=[], limit=4000)
    kinds = [PictureCodec.AV1, *[PictureCodec.AV1_NEXT] * 3, PictureCodec.AV1, PictureCodec.AV1_NEXT]
    assert [keyframe.picture_codec for keyframe in keyframes] == kinds
    for chain in (keyframes, small):
        print("bytes:", [len(keyframe.picture) for keyframe in chain])
        decoder = PictureStreamDecoder()
        agreement = [_psnr(decoder.decode(one), picture) for one, picture in zip(chain, pictures, strict=True)]
        print("PSNR:", np.round(agreement, 1))
        assert min(agreement) > 28
    assert len(keyframes[1].picture) < 0.6 * len(keyframes[0].picture)
    assert max(len(keyframe.picture) for keyframe in small) < 4400
    assert [keyframe.picture_codec for keyframe in small[1:]] == [PictureCodec.AV1_NEXT] * 5


async def test_a_browser_without_an_av1_encoder_sends_pictures_that_stand_alone(tmp_path: Path) -> None:
    pictures = [resize(portrait()[:256, 90:346], 256)] * 2
    async with page_with(_ENCODER, tmp_path) as page:
        await page.evaluate("() => { delete window.VideoEncoder; }")
        keyframes = await _encode(page, pictures, intra=[])
    assert [keyframe.picture_codec for keyframe in keyframes] == [PictureCodec.WEBP] * 2


async def test_a_chain_looks_as_it_does_here(tmp_path: Path) -> None:
    chain = _chain()
    here = PictureStreamDecoder()
    expected = [here.decode(keyframe) for keyframe in chain]
    async with page_with(_DECODER, tmp_path) as page:
        shown = await _decode(page, chain)
        alone, *refused = await _decode(page, chain, alone=True)
    agreement = [_psnr(a, b) for a, b in zip(shown, expected, strict=True)]
    print("PSNR to Python:", np.round(agreement, 1), "of the first as AVIF:", round(_psnr(alone, expected[0]), 1))
    assert min(agreement) >= 40
    assert _psnr(alone, expected[0]) >= 40
    assert _psnr(alone, shown[0]) >= 45
    assert refused == ["WireError"] * 3


async def test_a_gap_is_noticed_and_the_chain_mends_it(tmp_path: Path) -> None:
    first, second, third, fourth = _chain()
    async with page_with(_DECODER, tmp_path) as page:
        shown = await _decode(page, [second, first, third, second, first, second, third, fourth, first, second])
    assert [isinstance(result, str) for result in shown] == [True, False, True] + [False] * 7
    assert {result for result in shown if isinstance(result, str)} == {"UnknownKeyframeError"}
    assert np.array_equal(shown[1], shown[4])
    assert np.array_equal(shown[5], shown[9])


async def test_broken_pictures_are_refused_and_so_is_what_continues_them(tmp_path: Path) -> None:
    first, second, third, _ = _chain()
    nothing_shown = _with(second, b"\x0a\x00")
    cut = _with(second, second.picture[:-1])
    rubbish = _with(second, b"\x32\x05\x00\x01\x02\x03\x04")
    wrong_size = Keyframe(first.number, 0, 128, first.shape, first.motion, PictureCodec.AV1, first.picture)
    restarted = _with(second, first.picture)
    not_first = Keyframe(second.number, 0, 256, first.shape, first.motion, PictureCodec.AV1, second.picture)
    async with page_with(_DECODER, tmp_path) as page:
        for broken in (nothing_shown, cut, rubbish, wrong_size, restarted, not_first):
            shown = await _decode(page, [first, broken, third, first, second, third])
            assert shown[1] == "WireError"
            assert shown[2] == "UnknownKeyframeError"
            assert not any(isinstance(result, str) for result in shown[3:])


async def test_damaged_pictures_are_refused_or_decoded_never_more(tmp_path: Path) -> None:
    first, second, third, _ = _chain()
    generator = np.random.default_rng(3)
    keyframes = []
    for _ in range(60):
        for keyframe in (first, second):
            data = bytearray(keyframe.picture)
            for position in generator.integers(0, len(data), 3):
                data[position] = generator.integers(0, 256)
            keyframes += [first, _with(keyframe, bytes(data)), third]
    async with page_with(_DECODER, tmp_path) as page:
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        shown = await _decode(page, [*keyframes, first, second], side=64)
    assert complaints == []
    assert {result for result in shown if isinstance(result, str)} == {"WireError", "UnknownKeyframeError"}
    assert not isinstance(shown[-1], str)
