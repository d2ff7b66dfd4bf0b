"""Draws the faces of all rooms, many in one run of the animator, and encodes what is new."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import av

from codec.animator import Animator
from codec.intra_picture import Picture
from server.native.remote import RemoteParticipant
from server.renderer.video_stream import VideoCodec, VideoStream

#: Faces of one run. The CPU's caches hold one face at a time; a GPU is kept busy by many.
BATCH = {"cpu": 1, "cuda": 32}


@dataclass(eq=False)
class FaceJob:
    """A face that somebody looks at, with a stream for each codec, and what became of it this time."""

    remote: RemoteParticipant
    streams: dict[VideoCodec, VideoStream]
    packets: "dict[VideoCodec, av.Packet[Any]]" = field(default_factory=dict)


def draw(animator: Animator, jobs: Sequence[FaceJob], now_ms: float) -> None:
    """Draw what is due at `now_ms` and put the packets of new pictures into the jobs. Runs in the drawing thread."""
    dues = [job.remote.due(now_ms) for job in jobs]
    faces = [(index, due.face) for index, due in enumerate(dues) if due.face is not None]
    drawn: dict[int, Picture] = {}
    size = BATCH[animator.provider]
    for batch in (faces[start : start + size] for start in range(0, len(faces), size)):
        pictures = animator.animate_batch([face for _, face in batch])
        drawn.update(zip((index for index, _ in batch), pictures, strict=True))
    for index, (job, due) in enumerate(zip(jobs, dues, strict=True)):
        shown = job.remote.shown(due, drawn.get(index, due.picture))
        for codec, stream in job.streams.items():
            if shown.picture is not None and (shown.fresh or stream.wants_keyframe):
                packet = stream.encode(shown.picture, now_ms)
                if packet is not None:
                    job.packets[codec] = packet
