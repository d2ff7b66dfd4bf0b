"""What distinguishes one tier of the animator from another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Widths and depths of one tier. Channel counts are at 64², 32², 16², … (`channels`)."""

    name: str  #: shown on the page
    picture_side: int  #: pixels; a multiple of 128
    keyframe_channels: int  #: cached features at 64², the small picture's 3 not counted
    channels: tuple[int, ...]  #: of the core's levels
    blocks: tuple[int, ...]  #: residual blocks of each level on the way down
    blocks_up: tuple[int, ...]  #: the same on the way up (one level less)
    enhancer_channels: int  #: of BRG-ASE
    enhancer_blocks: int
    detail_channels: int  #: at 128²
    detail_blocks: int
    picture_channels: int  #: hidden channels at full resolution; 0 for a single convolution there
