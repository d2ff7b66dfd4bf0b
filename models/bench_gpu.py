"""Pictures a second on a GPU: `python -m models.bench_gpu CONFIG…`; on a machine without one it says so.

Measures the networks in torch (half precision, channels last, one CUDA graph a batch) beside the device's limit: the
rate of a large half-precision matrix product. Speed does not depend on the weights, so they are random. Where
onnxruntime has its CUDA provider, the exported graphs are measured too.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from models.cost import animate_macs
from models.export import AnimateGraph, example_inputs, export
from models.memory_layout import to_channels_last
from models.networks.animator import Animator
from models.settings import read_settings

_SIDES = (256, 512)
_BATCHES = (1, 8, 32)
_REPEATS = 30
_FPS = 25
_PRODUCT_SIDE = 8192


def product_rate() -> float:
    """Return the multiplications a second of a large bf16 matrix product on random data."""
    left, right = (torch.randn(_PRODUCT_SIDE, _PRODUCT_SIDE, device="cuda", dtype=torch.bfloat16) for _ in "ab")
    left @ right
    started, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    started.record()
    for _ in range(10):
        left @ right
    ended.record()
    torch.cuda.synchronize()
    seconds: float = started.elapsed_time(ended) / 1000
    return _PRODUCT_SIDE**3 * 10 / seconds


def torch_rate(animator: Animator, batch: int) -> float:
    """Return pictures a second of `animate` in torch."""
    inputs = {name: value.cuda() for name, value in example_inputs(animator, batch).items()}
    graph: nn.Module = AnimateGraph(animator).eval().cuda()

    def draw() -> Tensor:
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
            picture: Tensor = graph(**inputs)
        return picture

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            draw()
    torch.cuda.synchronize()
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        draw()
    durations: list[float] = []
    for _ in range(_REPEATS):
        started, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        started.record()
        recorded.replay()
        ended.record()
        torch.cuda.synchronize()
        durations.append(started.elapsed_time(ended))
    return batch * 1000 / sorted(durations)[len(durations) // 2]


def onnxruntime_rate(animator: Animator, batch: int) -> float:
    """Return pictures a second of the exported graph with onnxruntime's CUDA provider, copies included."""
    with tempfile.TemporaryDirectory() as folder:
        export(animator.cpu(), Path(folder))
        session = onnxruntime.InferenceSession(Path(folder) / "animate.onnx", providers=["CUDAExecutionProvider"])
    inputs = {name: value.numpy() for name, value in example_inputs(animator, batch).items()}
    durations: list[float] = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        session.run(None, inputs)
        durations.append(time.perf_counter() - started)
    return batch / sorted(durations)[len(durations) // 2]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", type=Path, nargs="+", metavar="CONFIG")
    configs = parser.parse_args().configs
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA GPU here: nothing measured")
    limit = product_rate()
    with_onnxruntime = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    print(f"{torch.cuda.get_device_name()}: {limit / 1e12:.0f} T multiplications a second in a bf16 product")
    print("tier    side  batch  engine       pictures/s  streams of 25  share of the limit")
    for config in configs:
        settings = read_settings(config).network
        for side in _SIDES:
            for batch in _BATCHES:
                animator = Animator(replace(settings, picture_side=side)).eval()
                to_channels_last(animator)
                macs = animate_macs(animator)
                rates = {"torch": torch_rate(animator, batch)}
                if with_onnxruntime:
                    rates["onnxruntime"] = onnxruntime_rate(animator, batch)
                for engine, rate in rates.items():
                    print(
                        f"{settings.name:8}{side:4}{batch:7}  {engine:12}{rate:11.0f}{rate / _FPS:15.0f}"
                        f"{rate * macs / limit:20.1%}"
                    )


if __name__ == "__main__":
    main()
