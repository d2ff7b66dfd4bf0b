"""BRG-VRec: the picture of a frame from two cached keyframes, landmarks and, if there is one, the auxiliary frame."""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.auxiliary_enhancer import AuxiliaryEnhancer
from models.networks.blocks import convolution, residual_blocks, upsample, zero_convolution
from models.networks.core import Core, planes
from models.networks.keyframe_encoder import KeyframeEncoder
from models.networks.landmark_flow import LandmarkFlow
from models.networks.sampling import Sampler
from models.networks.settings import NetworkSettings
from models.networks.windows import CORE_SIDE, WHOLE, Window

#: Speech features that the interface passes (docs/animator.md); these networks do not look at them.
SPEECH_FRAMES, SPEECH_FEATURES = 4, 16

_LARGEST_CORRECTION = 0.25
#: Untrained, keyframe b counts by 2 % where both show something, and 1 % of the picture is held to be occluded.
_CHOICE_BIAS = -4.0
_OCCLUSION_BIAS = -5.0


@dataclass(frozen=True)
class Keyframe:
    """A cached keyframe: picture (N, 3, S, S), features (N, C, 64, 64), landmarks (N, 478, 3)."""

    picture: Tensor
    features: Tensor
    landmarks: Tensor


@dataclass(frozen=True)
class Drawn:
    """What the animator made of a frame; the rest is for losses."""

    picture: Tensor  #: (N, 3, H, W), 0…1
    enhanced: Tensor  #: (N, 3, h, w): the auxiliary frame after BRG-ASE
    correction: Tensor  #: (N, 4, h, w): what was added to the landmarks' flow, crop units
    parts: Tensor  #: (N, `PART_MAPS`, h, w): where the parts of the face are


class Animator(nn.Module):
    """Both graphs: `encoder` runs once per keyframe, `forward` once per frame.

    Untrained it draws the landmark warp: the heads that correct it start at zero.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width, detail = settings.channels[0], settings.detail_channels
        self.encoder = KeyframeEncoder(settings)
        self.landmark_flow = LandmarkFlow()
        self.enhancer = AuxiliaryEnhancer(settings)
        self.core = Core(settings)
        self.core_sampler = Sampler(CORE_SIDE, CORE_SIDE)
        self.picture_sampler = Sampler(settings.picture_side, CORE_SIDE)
        #: Flow correction (4), share of keyframe b (1), share of the auxiliary frame (1), low residual (3).
        self.heads = zero_convolution(width, 9)
        self.narrow = convolution(width, detail, 1)
        self.detail = convolution(detail + 3, detail)
        self.detail_blocks = residual_blocks(detail, settings.detail_blocks)
        hidden = settings.picture_channels
        self.widen = convolution(detail + 3, hidden) if hidden else None
        #: Residual (3) and occlusion (1).
        self.finish = zero_convolution(hidden or detail + 3, 4)

    def forward(
        self,
        a: Keyframe,
        b: Keyframe,
        valid_b: Tensor,
        landmarks: Tensor,
        auxiliary: Tensor,
        valid_auxiliary: Tensor,
        window: Window = WHOLE,
    ) -> Drawn:
        """Draw the frame at (N, 478, 3) `landmarks`, or a window of it.

        `valid_b` and `valid_auxiliary` are (N, 1), 0 or 1; `auxiliary` is (N, 3, h, w), already cut to the window.
        """
        valid_b, valid_auxiliary = valid_b[:, :, None, None], valid_auxiliary[:, :, None, None]
        with torch.autocast(landmarks.device.type, enabled=False):
            flow, maps = self.landmark_flow(landmarks, a.landmarks, b.landmarks, window)
        warped_a, inside_a = self.core_sampler(a.features, flow[:, :2], window)
        warped_b, inside_b = self.core_sampler(b.features, flow[:, 2:], window)
        inside_b = inside_b * valid_b
        enhanced, features, choice = self.enhancer(auxiliary, warped_a, warped_b * valid_b, inside_b)
        seen = planes(inside_a, inside_b, flow, maps, choice * valid_auxiliary, valid_b, valid_auxiliary)
        core = self.core(torch.cat([warped_a, warped_b * valid_b, seen], 1), features, valid_auxiliary)
        heads = self.heads(core).float()
        correction = _LARGEST_CORRECTION * torch.tanh(heads[:, :4])
        warped = self._warp(a, b, flow + correction, heads[:, 4:5], valid_b, window)
        share = heads[:, 5:6] * valid_auxiliary
        picture = self._paint(warped, core, enhanced, share, heads[:, 6:9])
        return Drawn(picture, enhanced, correction, maps[:, 2:])

    def _warp(self, a: Keyframe, b: Keyframe, flow: Tensor, choice: Tensor, valid_b: Tensor, window: Window) -> Tensor:
        """Return the keyframes drawn through the flow at full resolution, one chosen for each pixel."""
        factor = self.settings.picture_side // CORE_SIDE
        raised = upsample(torch.cat([flow, choice], 1), factor)
        drawn_a, inside_a = self.picture_sampler(a.picture, raised[:, :2], window)
        drawn_b, inside_b = self.picture_sampler(b.picture, raised[:, 2:4], window)
        chosen = torch.sigmoid(raised[:, 4:5] + _CHOICE_BIAS)
        # Where a shows nothing, b does, as in the landmark warp.
        share_b = valid_b * inside_b * (1 - inside_a * (1 - chosen))
        chosen_picture: Tensor = drawn_a + share_b * (drawn_b - drawn_a)
        return chosen_picture

    def _paint(self, warped: Tensor, core: Tensor, enhanced: Tensor, share: Tensor, residual: Tensor) -> Tensor:
        """Return the warped picture with low frequencies corrected, occluded parts painted over, details added."""
        factor = self.settings.picture_side // CORE_SIDE
        small = functional.avg_pool2d(warped, factor)
        low = share * (enhanced - small) + residual
        half = functional.avg_pool2d(warped, factor // 2) - 0.5
        detail = self.detail(torch.cat([upsample(self.narrow(core), 2), half], 1))
        detail = functional.relu(self.detail_blocks(detail))
        fine = torch.cat([upsample(detail, factor // 2), warped - 0.5], 1)
        if self.widen is not None:
            fine = functional.relu(self.widen(fine))
        finish = self.finish(fine).float()
        raised = upsample(torch.cat([small, low], 1), factor)
        occluded = torch.sigmoid(finish[:, 3:4] + _OCCLUSION_BIAS)
        painted: Tensor = warped + occluded * (raised[:, :3] - warped) + raised[:, 3:] + finish[:, :3]
        return painted.clamp(0, 1)
