"""Trains the restorer of keyframes: `python -m models.train_restorer --cache CACHE --run RUN --minutes 30`.

CACHE is what `models.prepare` made: its keyframes are the examples, the frames that they were made of the answers. The
newest state goes to `RUN/restorer.pt` every few minutes, the losses to `RUN/losses.csv`. Started again with the same
RUN, the training goes on.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from models.checkpoint import load_restorer, save_restorer
from models.clip_cache import CachedClip, read_clips, split
from models.errors import TrainingDataError, TrainingDivergedError
from models.learning_rate import learning_rate
from models.networks.restorer import Restorer
from models.perceptual import Lpips
from models.settings import RestorerTraining, read_restorer_settings

_STEPS_PER_LOG = 50
_BETAS = (0.9, 0.99)


class RestorerTrainer:
    """Trains a restorer on a cache's keyframes; people are drawn with equal chance."""

    def __init__(
        self, restorer: Restorer, settings: RestorerTraining, clips: list[CachedClip], perceptual: Path | None = None
    ) -> None:
        """Read the keyframes and their originals into memory, 0.4 MB each.

        Raises `TrainingDataError` without clips, `ModelFileError` if the perceptual network's weights are missing.
        """
        if not clips:
            raise TrainingDataError("no clip to train on: run `python -m models.prepare` on a folder of clips first")
        self.restorer = restorer
        self.averaged = Restorer(restorer.settings).eval().requires_grad_(False)
        self.averaged.load_state_dict(restorer.state_dict())
        self.step = 0
        self._settings = settings
        self._coded = [np.asarray(clip.keyframes) for clip in clips]
        self._originals = [np.asarray(clip.frames[np.asarray(clip.keyframe_numbers)]) for clip in clips]
        people = sorted({clip.identity for clip in clips})
        self._clips_of = [[i for i, clip in enumerate(clips) if clip.identity == person] for person in people]
        self._random = np.random.default_rng(0)
        self._perceptual = Lpips("alexnet", perceptual) if settings.perceptual else None
        self._optimiser = torch.optim.Adam(restorer.parameters(), settings.learning_rate, _BETAS)

    def train_step(self, progress: float) -> dict[str, float]:
        """Take one step at `progress` (0…1) of the training; return the terms of the loss."""
        settings = self._settings
        rate = learning_rate(settings.learning_rate, progress, self.step, settings.warmup_steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        coded, originals = self._draw()
        restored = self.restorer(coded)
        terms = {"l1": (restored - originals).abs().mean()}
        if self._perceptual is not None:
            terms["perceptual"] = settings.perceptual * self._perceptual(restored, originals).mean()
        total = torch.stack(list(terms.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.restorer.parameters(), settings.gradient_limit)
        self._optimiser.step()
        self.step += 1
        kept = min(settings.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.restorer.parameters()), 1 - kept)
        return {name: float(value.detach()) for name, value in terms.items()}

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Return (N, 3, side, side) windows of coded pictures and of their originals, in 0…1."""
        pairs = [self._draw_pair() for _ in range(self._settings.batch)]
        coded, originals = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
        return _planes(coded), _planes(originals)

    def _draw_pair(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        random, side = self._random, self._settings.window_side
        clip = int(random.choice(self._clips_of[random.integers(len(self._clips_of))]))
        number = int(random.integers(len(self._coded[clip])))
        top, left = (int(place) for place in random.integers(0, self._coded[clip].shape[1] - side + 1, 2))
        window = (number, slice(top, top + side), slice(left, left + side))
        original = self._originals[clip][window]
        coded = original if random.random() < self._settings.untouched_share else self._coded[clip][window]
        return (coded[:, ::-1], original[:, ::-1]) if random.random() < 0.5 else (coded, original)


def run(trainer: RestorerTrainer, settings: RestorerTraining, folder: Path, minutes: float) -> None:
    """Train until the steps or the minutes are over; leave `restorer.pt` and the losses in `folder`.

    Raises `TrainingDivergedError` if the loss is no number any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = saved = time.monotonic()
    sums: dict[str, float] = {}
    with (folder / "losses.csv").open("a") as log, tqdm(total=settings.steps, mininterval=2) as bar:
        while trainer.step < settings.steps and (spent := (time.monotonic() - started) / 60) < minutes:
            for name, value in trainer.train_step(max(trainer.step / settings.steps, spent / minutes)).items():
                sums[name] = sums.get(name, 0.0) + value / _STEPS_PER_LOG
            bar.update()
            if trainer.step % _STEPS_PER_LOG == 0:
                if not np.isfinite(sum(sums.values())):
                    raise TrainingDivergedError(f"the loss at step {trainer.step} is {sums}: lower the learning rate")
                log.write(f"{trainer.step},{spent:.2f}," + ",".join(f"{k}={v:.5f}" for k, v in sums.items()) + "\n")
                log.flush()
                bar.set_postfix(loss=sum(sums.values()), refresh=False)
                sums = {}
            if time.monotonic() - saved > settings.checkpoint_minutes * 60:
                saved = time.monotonic()
                save_restorer(folder / "restorer.pt", trainer.averaged)
    save_restorer(folder / "restorer.pt", trainer.averaged)


def _planes(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path(__file__).parent / "configs/restorer.toml")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint and losses")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--perceptual", type=Path, help="compact copy of the perceptual networks, from models.pack")
    parser.add_argument("--all-people", action="store_true", help="train on the validation split too")
    arguments = parser.parse_args()
    network, training = read_restorer_settings(arguments.config)
    clips = read_clips(arguments.cache)
    known = arguments.run / "restorer.pt"
    restorer = load_restorer(known) if known.is_file() else Restorer(network)
    chosen = clips if arguments.all_people else split(clips)[0]
    trainer = RestorerTrainer(restorer.train(), training, chosen, arguments.perceptual)
    run(trainer, training, arguments.run, arguments.minutes)


if __name__ == "__main__":
    main()
