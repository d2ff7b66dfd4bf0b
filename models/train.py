"""Trains one tier: `python -m models.train --config models/configs/pocket.toml --cache CACHE --minutes 30`.

CACHE is what `models.prepare` made. The newest state goes to `RUN/checkpoint.pt` every few minutes, its averaged
weights alone to `RUN/averaged.pt`, the losses to `RUN/losses.csv`, sample strips to `RUN/strips/`. Started again with
the same RUN, the training goes on.
"""

import argparse
import math
import time
from pathlib import Path

import torch
from tqdm import tqdm

from models.checkpoint import load_checkpoint, save_checkpoint, save_result
from models.clip_cache import read_clips, split
from models.dataset import TrainingSet
from models.errors import TrainingDivergedError
from models.settings import TrainingSettings, read_settings
from models.strips import save_strip
from models.trainer import Trainer

_STEPS_PER_LOG = 50


def run(
    trainer: Trainer, settings: TrainingSettings, folder: Path, minutes: float, with_optimisers: bool,
    minutes_before: float = 0.0,
) -> None:  # fmt: skip
    """Train until the steps or the minutes are over; leave a checkpoint, a strip and the losses in `folder`.

    `minutes_before` were spent by the runs that this one continues: they count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = saved = time.monotonic()
    sums: dict[str, torch.Tensor] = {}
    with (folder / "losses.csv").open("a") as log, tqdm(total=settings.schedule.steps, initial=trainer.step) as bar:
        while trainer.step < settings.schedule.steps:
            now = time.monotonic()
            spent = minutes_before + (now - started) / 60
            if spent >= minutes:
                break
            terms = trainer.train_step(max(trainer.step / settings.schedule.steps, spent / minutes))
            bar.update()
            for name, value in terms.items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach()
            if trainer.step % _STEPS_PER_LOG == 0:
                means = {name: float(value) / _STEPS_PER_LOG for name, value in sums.items()}
                sums = {}
                log.write(f"{trainer.step},{spent:.2f}," + ",".join(f"{k}={v:.5f}" for k, v in means.items()) + "\n")
                log.flush()
                if not all(math.isfinite(value) for value in means.values()):
                    raise TrainingDivergedError(f"the loss at step {trainer.step} is {means}: lower the learning rate")
                bar.set_postfix(loss=sum(means.values()), refresh=False)
            if now - saved > settings.schedule.checkpoint_minutes * 60:
                saved = now
                _keep(trainer, folder, spent, with_optimisers)
    _keep(trainer, folder, minutes_before + (time.monotonic() - started) / 60, with_optimisers)


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
    run(trainer, settings, arguments.run, arguments.minutes, arguments.keep_optimiser, minutes_before)


if __name__ == "__main__":
    main()
