"""Trains one tier: `python -m models.train --config models/configs/pocket.toml --cache CACHE --minutes 30`.

CACHE is what `models.prepare` made. The newest state goes to `RUN/checkpoint.pt` every few minutes, its averaged
weights alone to `RUN/averaged.pt`, the losses to `RUN/losses.csv`, sample strips to `RUN/strips/`. Started again with
the same RUN, the training goes on.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import torch
from tqdm import tqdm

from models.checkpoint import load_checkpoint, save_checkpoint, save_result
from models.clip_cache import read_clips, split
from models.dataset import TrainingSet
from models.errors import TrainingDivergedError
from models.settings import read_settings
from models.strips import save_strip
from models.trainer import Trainer

_STEPS_PER_LOG = 50


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Wall-clock minutes."""

    whole_training: float  #: earlier runs included; the learning rate keeps to it
    before: float = 0.0  #: spent by earlier runs
    this_run: float = math.inf  #: a run that ends sooner leaves the schedule unfinished, to be gone on with


def run(trainer: Trainer, folder: Path, limits: TimeLimits, with_optimisers: bool) -> None:
    """Train until the steps or the minutes are over; leave checkpoints, strips and the losses in `folder`.

    Raises `TrainingDivergedError` if the loss is no number any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schedule = trainer.settings.schedule
    started = saved = time.monotonic()
    sums: dict[str, torch.Tensor] = {}
    with (
        (folder / "losses.csv").open("a") as log,
        tqdm(total=schedule.steps, initial=trainer.step, mininterval=2) as bar,
    ):
        while trainer.step < schedule.steps:
            now = time.monotonic()
            minutes = (now - started) / 60
            spent = limits.before + minutes
            if spent >= limits.whole_training or minutes >= limits.this_run:
                break
            terms = trainer.train_step(max(trainer.step / schedule.steps, spent / limits.whole_training))
            bar.update()
            for name, value in terms.items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach()
            if trainer.step % _STEPS_PER_LOG == 0:
                bar.set_postfix(loss=_log(log, trainer.step, spent, sums), refresh=False)
                sums = {}
            if now - saved > schedule.checkpoint_minutes * 60:
                saved = now
                _keep(trainer, folder, spent, with_optimisers)
    _keep(trainer, folder, limits.before + (time.monotonic() - started) / 60, with_optimisers)


def _log(log: TextIO, step: int, minutes: float, sums: dict[str, torch.Tensor]) -> float:
    """Write the mean terms since the last time and return their sum."""
    means = {name: float(value) / _STEPS_PER_LOG for name, value in sums.items()}
    log.write(f"{step},{minutes:.2f}," + ",".join(f"{name}={value:.5f}" for name, value in means.items()) + "\n")
    log.flush()
    if not all(math.isfinite(value) for value in means.values()):
        raise TrainingDivergedError(f"the loss at step {step} is {means}: lower the learning rate")
    return sum(means.values())


def _keep(trainer: Trainer, folder: Path, minutes: float, with_optimisers: bool) -> None:
    checkpoint = trainer.checkpoint(minutes, with_optimisers)
    save_checkpoint(folder / "checkpoint.pt", checkpoint)
    save_result(folder / "averaged.pt", checkpoint)
    save_strip(folder / f"strips/{trainer.step:07}.png", trainer.sample(4))


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, default=Path("build/training"), help="folder of checkpoint, losses, strips")
    parser.add_argument("--minutes", type=float, default=60.0, help="for the whole training, earlier runs included")
    parser.add_argument("--pause-after", type=float, default=math.inf, help="minutes after which only this run ends")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--perceptual", type=Path, help="compact copy of the perceptual networks, from models.pack")
    parser.add_argument("--start-from", type=Path, help="checkpoint whose weights a new training starts from")
    parser.add_argument("--keep-optimiser", action="store_true", help="checkpoints twice as large, smoother to resume")
    parser.add_argument("--compile", action="store_true", help="compile the networks (pays after minutes, on a GPU)")
    parser.add_argument("--all-people", action="store_true", help="train on the validation split too")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.backends.cudnn.benchmark = True
    settings = read_settings(arguments.config)
    clips = read_clips(arguments.cache)
    training = clips if arguments.all_people else split(clips)[0]
    trainer = Trainer(
        settings, TrainingSet(training, settings.sampling, device), device, arguments.perceptual, arguments.compile
    )
    minutes_before = 0.0
    newest = arguments.run / "checkpoint.pt"
    if newest.exists():
        checkpoint = load_checkpoint(newest, device)
        trainer.resume(checkpoint)
        minutes_before = checkpoint.minutes
    elif arguments.start_from:
        trainer.resume(load_checkpoint(arguments.start_from, device))
        trainer.step = 0
    limits = TimeLimits(arguments.minutes, minutes_before, arguments.pause_after)
    run(trainer, arguments.run, limits, arguments.keep_optimiser)


if __name__ == "__main__":
    main()
