"""Sends a recorded participant again, as often as wanted, without a camera, a face model or an encoder."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from codec.bundle import SEQUENCE_MODULUS, TICK_MS, TIME_MODULUS, parse_bundle
from codec.errors import FormatError, WireError
from codec.keyframe_chains import KeyframeChains
from codec.keyframes import CACHED_KEYFRAMES, Keyframe
from codec.recording import Damage, Record, RecordedParticipant, RecordingReader, RecordKind
from server.native.outlet import Outlet
from server.native.voice_codec import SAMPLE_RATE, packet_samples

_USUAL_BUNDLE_MS = 120
_LARGEST_JITTER_TICKS = 300
_SEAM_MS = 200
_SAMPLES_PER_MS = SAMPLE_RATE // 1000
#: Packets that stand nearer to the end of the one before than this follow it directly.
_VOICE_SLACK = 10 * _SAMPLES_PER_MS


@dataclass(frozen=True, slots=True)
class _Timed:
    """A record with its place on the sender's clock."""

    record: Record
    due_ms: int  #: since the first record
    media_ticks: int  #: bundles: since the first bundle; otherwise 0


class Replay:
    """One participant of a recording, ready to be sent. Keeps the participant's part of the file in memory."""

    def __init__(self, path: Path, participant: int | None = None) -> None:
        """Load `participant` (default: the one who sends first).

        Raises `FormatError` if the file is no recording, or holds nothing that this participant sent.
        """
        with RecordingReader(path) as reader:
            records = [record for record in reader.records() if record.kind is not RecordKind.PARTICIPANT]
            participants = dict(reader.participants)
            self.damage: Damage | None = reader.damage  #: where the file was cut, if it was
        if participant is None and records:
            participant = records[0].participant
        records = [record for record in records if record.participant == participant and _is_sound(record)]
        if participant is None or not records:
            raise FormatError(
                f"{path} has nothing to replay"
                + (f" of participant {participant}; it knows {sorted(participants)}" if participant else "")
            )
        self.participant = participants.get(participant, RecordedParticipant(participant, path.stem[:64], "file"))
        self._records = _place(sorted(records, key=lambda record: record.time_ms))
        self.duration_ms = _duration_ms(self._records)
        self._chains = KeyframeChains()
        self._sent: set[int] = set()
        self._sequence = 0
        self._sent_samples = 0
        numbers = [record.payload[1] for record in records if record.kind is RecordKind.KEYFRAME]
        self._sends_keyframes_once = len(numbers) <= CACHED_KEYFRAMES and len(set(numbers)) == len(numbers)

    def keyframes_in_use(self) -> list[bytes]:
        """Return what a newcomer needs, in order."""
        return self._chains.newest(CACHED_KEYFRAMES)

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it; the newest chain if it is not known."""
        return self._chains.since(number)

    def set_prediction(self, allowed: bool) -> None:
        """Change nothing: a recording's keyframes are what they are."""

    async def run(self, outlet: Outlet, *, repeat: bool) -> None:
        """Send the recording with its own timing; over and over without a seam if `repeat`."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        elapsed_ms = 0
        while True:
            for timed in self._records:
                await asyncio.sleep(max(0.0, start_s + (elapsed_ms + timed.due_ms) / 1000 - loop.time()))
                self._send(timed, elapsed_ms, outlet)
            elapsed_ms += self.duration_ms
            if not repeat:
                return

    def _send(self, timed: _Timed, elapsed_ms: int, outlet: Outlet) -> None:
        payload = timed.record.payload
        match timed.record.kind:
            case RecordKind.KEYFRAME:
                is_new = payload[1] not in self._sent
                if is_new or not self._sends_keyframes_once:
                    self._sent.add(payload[1])
                    self._chains.add(payload)
                    outlet.send_keyframe(payload)
            case RecordKind.BUNDLE:
                outlet.send_bundle(restamp(payload, self._sequence, timed.media_ticks + elapsed_ms // TICK_MS))
                self._sequence += 1
            case RecordKind.VOICE:
                self._send_voice(payload, (timed.due_ms + elapsed_ms) * _SAMPLES_PER_MS, outlet)
            case RecordKind.PARTICIPANT:
                raise AssertionError("participant records are left out on loading")

    def _send_voice(self, packet: bytes, start_sample: int, outlet: Outlet) -> None:
        pause = start_sample - self._sent_samples
        if pause > _VOICE_SLACK:
            outlet.send_voice(b"", pause)
            self._sent_samples += pause
        samples = packet_samples(packet)
        outlet.send_voice(packet, samples)
        self._sent_samples += samples


def restamp(bundle: bytes, sequence: int, time_ticks: int) -> bytes:
    """Return the bundle with another sequence number and time, both taken modulo their ranges."""
    stamp = (sequence % SEQUENCE_MODULUS).to_bytes(2, "big") + (time_ticks % TIME_MODULUS).to_bytes(3, "big")
    return bundle[:1] + stamp + bundle[6:]


def _is_sound(record: Record) -> bool:
    """Tell whether a record may be sent on: a recording holds whatever its participants sent."""
    try:
        if record.kind is RecordKind.BUNDLE:
            parse_bundle(record.payload)
        elif record.kind is RecordKind.KEYFRAME:
            Keyframe.parse(record.payload)
        else:
            return packet_samples(record.payload) > 0
    except WireError:
        return False
    return True


def _place(records: list[Record]) -> list[_Timed]:
    """Put records on a clock that begins at 0; a sender's clock that wraps or starts over goes on."""
    placed: list[_Timed] = []
    before: Record | None = None
    media = 0
    for record in records:
        is_bundle = record.kind is RecordKind.BUNDLE
        if is_bundle:
            media += _media_step(before, record) if before else 0
            before = record
        placed.append(_Timed(record, record.time_ms - records[0].time_ms, media if is_bundle else 0))
    return placed


def _media_step(before: Record, record: Record) -> int:
    """Return the ticks from one bundle to the next: as the sender says where that can be, else as they came."""
    step = parse_bundle(record.payload).header.time_ticks - parse_bundle(before.payload).header.time_ticks
    step = (step + TIME_MODULUS // 2) % TIME_MODULUS - TIME_MODULUS // 2
    arrived = (record.time_ms - before.time_ms) // TICK_MS
    return step if abs(step - arrived) < _LARGEST_JITTER_TICKS else arrived


def _duration_ms(records: list[_Timed]) -> int:
    """Return how long one round takes, in whole ticks.

    No kind's next round begins before its last one has ended, and nothing is late by more than `_SEAM_MS`.
    """
    rounds = [0]
    last_end = 0
    for kind, length_ms in ((RecordKind.VOICE, _voice_ms), (RecordKind.BUNDLE, lambda _: _USUAL_BUNDLE_MS)):
        timed = [timed for timed in records if timed.record.kind is kind]
        if timed:
            end = timed[-1].due_ms + length_ms(timed[-1].record.payload)
            rounds.append(end - timed[0].due_ms)
            last_end = max(last_end, end)
    media = [timed.media_ticks for timed in records]
    longest = max(*rounds, max(media) * TICK_MS + _USUAL_BUNDLE_MS if max(media) else 0, last_end - _SEAM_MS)
    return longest + -longest % TICK_MS


def _voice_ms(packet: bytes) -> int:
    return packet_samples(packet) // _SAMPLES_PER_MS
