"""The renderer's parts: messages, placement, video streams, drawing in batches."""

from typing import cast

import av
import msgpack
import numpy as np
import pytest
from av import VideoFrame

from codec.animator import Animator, FaceToDraw
from codec.motion import motion_model
from server.errors import ProtocolError
from server.operations.metrics import Metrics
from server.protocol.messages import pack
from server.protocol.view_messages import RenderedPicture, View, ViewAnswer, ViewFailed, ViewPictures
from server.renderer.messages import (
    EndView,
    FromRenderer,
    Load,
    OfView,
    Register,
    Serve,
    ToRenderer,
    parse_from_renderer,
    parse_to_renderer,
)
from server.renderer.registry import Renderer, Renderers
from server.renderer.video_stream import VideoCodec, VideoStream
from server.rooms.room import Participant

FROM_RENDERER: list[FromRenderer] = [
    Register("edge-1", "cuda", 200),
    Load(12, 0.25),
    Load(12, 1.0, 0.5, 7.25),
    OfView(7, ViewAnswer("v=0")),
    OfView(7, ViewPictures((RenderedPicture("0", 3, "live"), RenderedPicture("1", 9, "plain")))),
    OfView(7, ViewFailed("removed", "a host sent me away")),
]
TO_RENDERER: list[ToRenderer] = [
    Serve(7, 2, "tea", "a.b.c", View("v=0")),
    Serve(7, 2, "tea", "a.b.c", View("v=0", "key=abc")),
    EndView(7),
]


def test_messages_come_back_as_they_were() -> None:
    assert [parse_from_renderer(pack(message)) for message in FROM_RENDERER] == FROM_RENDERER
    assert [parse_to_renderer(pack(message)) for message in TO_RENDERER] == TO_RENDERER


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "load", "faces": 1, "busy": 1.5},
        {"type": "load", "faces": 1, "busy": True},
        {"type": "load", "faces": -1, "busy": 0.5},
        {"type": "load", "faces": 1, "busy": 0.5, "picture_ms": 60_001},
        {"type": "register", "protocol": 2, "name": "x", "provider": "cpu", "most_faces": 1},
        {"type": "register", "protocol": 1, "name": "x", "provider": "tpu", "most_faces": 1},
        {"type": "of-view", "view": 1, "kind": "error", "code": "x", "message": ""},
        {"type": "of-view", "view": 0, "kind": "view-answer", "sdp": "v=0"},
        {"type": "of-view", "view": 1, "kind": "view-answer", "sdp": "v=0", "more": 1},
        {"type": "of-view", "view": 1, "kind": "view-pictures", "pictures": [{"mid": "0", "participant": 1}]},
        {"type": "of-view", "view": 1, "kind": "view-pictures", "pictures": ["0"]},
        {"type": "serve", "view": 1},
    ],
)
def test_what_is_no_message_of_a_renderer_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        parse_from_renderer(msgpack.packb(fields))


class _Room:
    def __init__(self, name: str) -> None:
        self.name = name

    def named(self, participant: object) -> dict[str, object]:
        return {"room": self.name}


class _Viewer:
    """As much of a participant as the registry needs."""

    def __init__(self, room: str) -> None:
        self.id = 1
        self.room = _Room(room)
        self.told: list[object] = []
        self.tell = self.told.append


def _viewer(room: str) -> tuple[Participant, list[object]]:
    viewer = _Viewer(room)
    return cast(Participant, viewer), viewer.told


def test_a_view_goes_to_the_least_loaded_and_a_room_stays_with_its_renderer() -> None:
    renderers = Renderers(lambda room: f"token of {room}", Metrics())
    sent: dict[str, list[ToRenderer]] = {"full": [], "idle": [], "gpu": []}
    loads = {"full": Load(5, 0.9), "idle": Load(1, 0.1), "gpu": Load(1, 0.05, 0.8)}
    for name, load in loads.items():
        renderer = Renderer(Register(name, "cpu", 100), sent[name].append)
        renderers.add(renderer)
        renderer.report(load)
    ann, _ = _viewer("tea")
    renderers.view(ann, View("v=0"))
    assert sent["idle"] == [Serve(1, 1, "tea", "token of tea", View("v=0"))]
    idle = renderers.all()[1]
    idle.report(Load(50, 1.0))
    renderers.view(_viewer("tea")[0], View("v=1"))
    assert len(sent["idle"]) == 2, "a room is rendered once, whoever else looks"
    renderers.view(_viewer("coffee")[0], View("v=2"))
    assert [type(message) for message in sent["gpu"]] == [Serve]
    renderers.end_view(ann)
    assert sent["idle"][-1] == EndView(1)


def test_a_full_renderer_takes_no_more_rooms() -> None:
    renderers = Renderers(lambda room: "token", Metrics())
    renderer = Renderer(Register("small", "cpu", 4), lambda _: None)
    renderers.add(renderer)
    renderer.report(Load(4, 0.2))
    viewer, told = _viewer("tea")
    renderers.view(viewer, View("v=0"))
    assert isinstance(told[0], ViewFailed)
    assert told[0].code == "no-renderer"


def test_many_rooms_at_once_are_spread() -> None:
    renderers = Renderers(lambda room: "token", Metrics())
    sent: list[list[ToRenderer]] = [[], []]
    for index in range(2):
        renderers.add(Renderer(Register(f"r{index}", "cpu", 100), sent[index].append))
    for number in range(10):
        renderers.view(_viewer(f"room-{number}")[0], View("v=0"))
    assert [len(messages) for messages in sent] == [5, 5]


def test_when_a_renderer_goes_its_viewers_are_told() -> None:
    metrics = Metrics()
    renderers = Renderers(lambda room: "token", metrics)
    renderer = Renderer(Register("edge", "cuda", 100), lambda _: None)
    renderers.add(renderer)
    renderer.report(Load(3, 0.5, 0.25, 8.0))
    viewer, told = _viewer("tea")
    renderers.view(viewer, View("v=0"))
    renderers.hand_over(renderer, OfView(1, ViewAnswer("v=0")))
    figures = metrics.exposition().decode()
    assert 'facewire_renderer_gpu_share{provider="cuda",renderer="edge"} 0.25' in figures
    assert 'facewire_renderer_busy_share{provider="cuda",renderer="edge"} 0.5' in figures
    assert 'facewire_renderer_picture_seconds{provider="cuda",renderer="edge"} 0.008' in figures
    assert "facewire_views 1.0" in figures
    renderers.remove(renderer)
    assert told[0] == ViewAnswer("v=0")
    assert isinstance(told[1], ViewFailed)
    assert told[1].code == "renderer-lost"
    assert 'facewire_view_failures_total{reason="renderer-lost"} 1.0' in metrics.exposition().decode()


@pytest.mark.parametrize("codec", VideoCodec)
def test_a_stream_begins_with_a_whole_picture_and_keeps_to_its_rate(codec: VideoCodec) -> None:
    chance = np.random.default_rng(7)
    texture = chance.integers(0, 255, (256 + 60, 256, 3), np.uint8)
    stream = VideoStream(codec, 256, 20, 200)
    decoder = av.CodecContext.create("libvpx" if codec is VideoCodec.VP8 else "h264", "r")
    sizes, keyframes, pictures = [], [], []
    for number in range(60):
        if number == 30:
            stream.request_keyframe()
        packet = stream.encode(texture[number : number + 256] // 4 + 96, 50.0 * number)
        if packet is None:
            continue
        assert packet.pts == 50 * number
        sizes.append(packet.size)
        if codec is VideoCodec.VP8 and not bytes(packet)[0] & 1:
            keyframes.append(number)
        pictures += [frame for frame in decoder.decode(packet) if isinstance(frame, VideoFrame)]
    assert (pictures[0].width, pictures[0].height) == (256, 256)
    assert len(pictures) >= 40
    assert sum(sizes[20:]) * 8 / (len(sizes[20:]) / 20) < 2 * 200_000
    if codec is VideoCodec.VP8:
        assert keyframes[0] == 0
        assert 30 <= keyframes[1] <= 34


def test_faces_drawn_together_are_the_faces_drawn_alone() -> None:
    animator = Animator(provider="cpu")
    model = motion_model()
    chance = np.random.default_rng(3)
    keyframes, faces = [], []
    for number in range(3):
        shape = (number,) * 32
        picture = chance.integers(0, 255, (animator.side, animator.side, 3), np.uint8)
        keyframes.append(animator.cache_keyframe(picture, model.landmarks(shape, (0,) * 32)))
        moved = model.landmarks(shape, (3 * number,) * 3 + (0,) * 29)
        faces.append(FaceToDraw(keyframes[number], keyframes[0] if number else None, moved))
    together = animator.animate_batch(faces)
    for face, picture in zip(faces, together, strict=True):
        alone = animator.animate(face.picked, face.other, face.landmarks)
        assert np.abs(alone.astype(int) - picture).max() <= 1
