"""The machine-readable mark of rendered pictures: the digital source type of IPTC (cv.iptc.org/newscodes)."""

from av.container import OutputContainer

TAG = "DigitalSourceType"
#: Made of several parts of which some are synthetic: keyframes that a camera took, and what was drawn from them.
RENDERED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"

#: Lets MP4 hold tags that it has no atom for.
CONTAINER_OPTIONS = {"movflags": "use_metadata_tags"}


def mark(container: OutputContainer) -> None:
    """Mark a video file, opened with `CONTAINER_OPTIONS`, as rendered, for machines and for people."""
    container.metadata[TAG] = RENDERED
    container.metadata["comment"] = "Drawn by facewire from facial keypoints and a few pictures; not filmed"
