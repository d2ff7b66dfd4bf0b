from pathlib import Path

import av
import numpy as np
import pytest

from codec import model_files
from codec.animator import Animator
from codec.errors import FormatError
from codec.provenance import RENDERED, SOURCE_TYPE
from codec.recording import Record, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind
from server.cli import main
from server.demonstration import RECORDING
from server.native.play_out import PlayOut
from server.native.recorded_clock import show_times_ms
from server.native.replay import Replay, restamp
from tests.native.recordings import recorded, short_demonstration

SECONDS = 3.0


def _streams(path: Path) -> tuple[list[av.VideoFrame], np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.video[0]))
    with av.open(str(path)) as container:
        sound = [frame.to_ndarray()[0] for frame in container.decode(container.streams.audio[0])]
    return frames, np.concatenate(sound).astype(np.float32)


def test_a_recording_becomes_a_video_with_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = short_demonstration(tmp_path, SECONDS)
    assert main(["decode", str(recording), str(tmp_path / "out.mp4"), "--provider", "cpu"]) == 0
    assert "Demonstration" in capsys.readouterr().out
    frames, sound = _streams(tmp_path / "out.mp4")
    assert len(frames) == pytest.approx(25 * SECONDS, abs=2)
    assert (frames[0].width, frames[0].height) == (256, 256)
    assert sound.size / 48_000 == pytest.approx(SECONDS, abs=0.1)
    # She speaks from the second second on.
    assert np.abs(sound[60_000:]).max() > 0.1
    assert np.abs(sound[:30_000]).max() < 0.02
    first, last = (frames[index].to_ndarray(format="rgb24").astype(int) for index in (30, 60))
    assert np.abs(first - last).mean() > 1


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_video_says_to_machines_that_it_was_rendered(tmp_path: Path, kind: str) -> None:
    recording = short_demonstration(tmp_path, 1.0)
    assert main(["decode", str(recording), str(tmp_path / f"out.{kind}"), "--provider", "cpu"]) == 0
    with av.open(str(tmp_path / f"out.{kind}")) as container:
        tags = {name.lower(): value for name, value in container.metadata.items()}
    assert tags[SOURCE_TYPE.lower()] == RENDERED


def test_jitter_in_the_file_is_not_in_the_pictures(tmp_path: Path) -> None:
    """Bundles that came in bursts are played out like those that came evenly."""
    path = tmp_path / "bursts.fwr"
    with RecordingReader(RECORDING) as reader, RecordingWriter(path) as writer:
        for record in reader.records():
            if record.time_ms > 4000:
                break
            late = -record.time_ms % 600 if record.kind is RecordKind.BUNDLE and record.time_ms > 1200 else 0
            writer.add(record.participant, record.kind, record.time_ms + late, record.payload)
    animator = Animator(provider="cpu")
    even = list(PlayOut(short_demonstration(tmp_path, 4.0), animator, 5).moments())
    bursts = list(PlayOut(path, animator, 5).moments())
    for index in range(2, 16):
        difference = even[index].picture.astype(int) - bursts[index].picture
        assert np.abs(difference).mean() < 1.0, index


def test_two_participants_side_by_side_and_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "two.fwr"
    with RecordingReader(RECORDING) as reader, RecordingWriter(path) as writer:
        for number in (3, 7):
            writer.add_participant(RecordedParticipant(number, f"P{number}", "file"), 0)
        for record in reader.records():
            if record.time_ms < 800:
                for number in (3, 7):
                    writer.add(number, record.kind, record.time_ms, record.payload)
    animator = Animator(provider="cpu")
    both = PlayOut(path, animator, 10)
    assert both.size == (512, 256)
    assert both.names == ["P3", "P7"]
    moments = list(both.moments())
    assert np.array_equal(moments[-1].picture[:, :256], moments[-1].picture[:, 256:])
    assert sum(moment.sound.size for moment in moments) == both.frames * 4800
    assert PlayOut(path, animator, 10, 7).size == (256, 256)
    assert main(["decode", str(path), str(tmp_path / "none.mp4"), "--participant", "9"]) == 2


def test_a_cut_file_is_decoded_up_to_the_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = short_demonstration(tmp_path, 2.5)
    recording.write_bytes(recording.read_bytes()[:-10])
    assert main(["decode", str(recording), str(tmp_path / "out.mp4"), "--fps", "10"]) == 0
    said = capsys.readouterr()
    assert "is damaged: the file ends" in said.err
    assert "of Demonstration" in said.out


def test_a_part_from_the_middle_is_what_the_whole_shows_there(tmp_path: Path) -> None:
    animator = Animator(provider="cpu")
    recording = short_demonstration(tmp_path, 12.0)
    whole = list(PlayOut(recording, animator, 5).moments())
    part = PlayOut(recording, animator, 5, start_s=7.2, longest_s=2.0)
    assert part.frames == 10
    for shown, expected in zip(part.moments(), whole[36:46], strict=True):
        assert np.abs(shown.picture.astype(int) - expected.picture).mean() < 1
        assert np.abs(shown.sound.astype(int)).max() == pytest.approx(np.abs(expected.sound.astype(int)).max(), rel=0.3)
    with pytest.raises(FormatError, match=r"nothing to play from 60 s on"):
        PlayOut(recording, animator, 5, start_s=60)
    video = tmp_path / "part.mp4"
    assert main(["decode", str(recording), str(video), "--fps", "5", "--start", "11", "--seconds", "9"]) == 0
    assert len(_streams(video)[0]) == 5


def test_a_tier_draws_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = short_demonstration(tmp_path, 0.4)
    decode = ["decode", str(recording), str(tmp_path / "out.mp4"), "--fps", "5", "--provider", "cpu", "--tier"]
    monkeypatch.setenv("FACEWIRE_WEIGHTS", str(tmp_path))
    assert main([*decode, "pocket"]) == 0
    assert main([*decode, "auto"]) == 2
    assert f"no keyframe.onnx in {tmp_path}" in capsys.readouterr().err
    monkeypatch.setattr(model_files, "_WEIGHTS", tmp_path)
    assert main([*decode, "studio"]) == 2
    assert "the tier 'studio' is not trained here" in capsys.readouterr().err


def test_a_keyframe_that_these_weights_cannot_draw_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.fwr"
    with RecordingReader(RECORDING) as reader, RecordingWriter(path) as writer:
        for record in reader.records():
            if record.time_ms < 300:
                payload = bytearray(record.payload)
                if record.kind is RecordKind.KEYFRAME:
                    payload[5:7] = (512).to_bytes(2, "big")
                writer.add(record.participant, record.kind, record.time_ms, bytes(payload))
    assert main(["decode", str(path), str(tmp_path / "out.mp4"), "--fps", "5"]) == 0
    assert "5 records were left out: keyframe of 512², these weights draw 256²" in capsys.readouterr().err


def test_what_is_no_recording_and_where_no_video_can_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decode", __file__, str(tmp_path / "out.mp4")]) == 2
    assert "is no recording" in capsys.readouterr().err
    recording = short_demonstration(tmp_path, 0.3)
    assert main(["decode", str(recording), str(tmp_path / "no" / "out.mp4")]) == 2
    assert "cannot write the video" in capsys.readouterr().err


def test_pictures_are_shown_in_the_rhythm_in_which_they_were_taken() -> None:
    bundle = recorded(RecordKind.BUNDLE)[0]
    random = np.random.default_rng(5)
    sent = [
        Record(
            1, RecordKind.BUNDLE, 120 * (index + 1) + int(random.exponential(40)), restamp(bundle, index, 12 * index)
        )
        for index in range(200)
    ]
    # The sender's clock starts over in the middle.
    sent += [
        Record(1, RecordKind.BUNDLE, 120 * (index + 201), restamp(bundle, index, 50_000 + 12 * index))
        for index in range(50)
    ]
    shown = np.array(show_times_ms(sent))
    assert np.abs(np.diff(shown) - 120).max() < 12
    assert np.abs(shown - 120 * np.arange(250)).max() < 12


def test_hostile_payloads_are_left_out(tmp_path: Path) -> None:
    """Whatever participants sent is in a recording: none of it may end the play-out, or make it long."""
    random = np.random.default_rng(9)
    path = tmp_path / "hostile.fwr"
    with RecordingReader(RECORDING) as reader, RecordingWriter(path) as writer:
        for record in reader.records():
            if record.time_ms > 2000:
                break
            writer.add(record.participant, record.kind, record.time_ms, record.payload)
            payload = bytearray(record.payload)
            for _ in range(random.integers(1, 4)):
                payload[random.integers(len(payload))] ^= 1 << random.integers(8)
            # Broken keyframes of the same numbers would replace good ones, as they would in a call.
            if record.kind is RecordKind.KEYFRAME:
                payload[1] = 77
            writer.add(record.participant, record.kind, record.time_ms, bytes(payload))
            kind = RecordKind(int(random.integers(1, 4)))
            writer.add(9, kind, record.time_ms, random.bytes(int(random.integers(0, 60))))
    playing = PlayOut(path, Animator(provider="cpu"), 10)
    moments = list(playing.moments())
    assert len(moments) == playing.frames == 20
    assert playing.broken > 0
    assert Replay(path).duration_ms < 10_000
