"""A relay that keeps all it forwards, and what can be made of that without a key."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import av
import msgpack
import pytest

from codec.bundle import parse_bundle
from codec.errors import CodecError
from codec.keyframes import Keyframe, KeyframeAssembler
from server.errors import ProtocolError
from server.rooms.peer import Peer
from server.webrtc.channels import Channel, split_sender
from server.webrtc.trailer import split_trailer
from server.webrtc.voice import VoiceSlots


@dataclass
class Reconstruction:
    """What somebody makes of a recording who knows the formats and has no key."""

    bundles: int = 0
    keyframes: int = 0
    voices: int = 0  #: packets that decode to sound
    control: list[dict[str, Any]] = field(default_factory=list)


class RecordingRelay:
    """Keeps what goes to participants from when it is made; in the tests' own process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: dict[Channel, list[bytes]] = defaultdict(list)
        self.voices: list[bytes] = []
        send, play = Peer.send, VoiceSlots.play

        def keep_and_send(peer: Peer, channel: Channel, message: bytes) -> None:
            self.messages[channel].append(message)
            send(peer, channel, message)

        def keep_and_play(slots: VoiceSlots, speaker: int, payload: bytes, timestamp: int, arrival_s: float) -> bool:
            self.voices.append(payload)
            return play(slots, speaker, payload, timestamp, arrival_s)

        monkeypatch.setattr(Peer, "send", keep_and_send)
        monkeypatch.setattr(VoiceSlots, "play", keep_and_play)

    def clear(self) -> None:
        """Forget what was recorded."""
        self.messages.clear()
        self.voices.clear()

    def holds(self, plain: bytes) -> bool:
        """Tell whether these bytes are in anything that was forwarded."""
        return any(plain in packet for packets in (*self.messages.values(), self.voices) for packet in packets)

    def reconstruct(self) -> Reconstruction:
        """Try the formats on everything, with and without what a seal adds."""
        found = Reconstruction()
        payloads = {channel: [split_sender(message)[1] for message in kept] for channel, kept in self.messages.items()}
        bundles = list(payloads.get(Channel.MOTION, []))
        decoder = av.CodecContext.create("libopus", "r")
        for packet in self.voices:
            voice, behind = packet, list[bytes]()
            with suppress(ProtocolError):
                voice, behind = split_trailer(packet)
            bundles += behind
            found.voices += bool(voice) and _decodes(decoder, voice)
        found.bundles = sum(_is_bundle(bundle) or _is_bundle(bundle[2:-8]) for bundle in bundles)
        for cut in (slice(None), slice(4, -8)):
            found.keyframes += _keyframes([part[cut] for part in payloads.get(Channel.KEYFRAME, [])])
        for message in payloads.get(Channel.CONTROL, []):
            try:
                value = msgpack.unpackb(message)
            except (ValueError, msgpack.UnpackException):
                continue
            if isinstance(value, dict):
                found.control.append(value)
        return found


def _is_bundle(data: bytes) -> bool:
    try:
        parse_bundle(data)
    except CodecError:
        return False
    return True


def _keyframes(slices: list[bytes]) -> int:
    assembler, whole = KeyframeAssembler(), 0
    for part in slices:
        try:
            keyframe = assembler.add(part)
            if keyframe is not None:
                Keyframe.parse(keyframe)
                whole += 1
        except CodecError:
            continue
    return whole


def _decodes(decoder: av.CodecContext, packet: bytes) -> bool:
    try:
        return bool(decoder.decode(av.Packet(packet)))  # type: ignore[attr-defined]
    except av.FFmpegError:
        return False
