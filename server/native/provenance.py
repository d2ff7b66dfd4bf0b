"""Marks video files as rendered."""

from av.container import OutputContainer

from codec.provenance import RENDERED, SOURCE_TYPE

#: Lets MP4 hold tags that it has no atom for.
CONTAINER_OPTIONS = {"movflags": "use_metadata_tags"}


def mark(container: OutputContainer) -> None:
    """Mark a video file, opened with `CONTAINER_OPTIONS`, as rendered, for machines and for people."""
    container.metadata[SOURCE_TYPE] = RENDERED
    container.metadata["comment"] = "Drawn by facewire from facial keypoints and a few pictures; not filmed"
