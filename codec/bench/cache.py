"""What the benchmarks need not compute twice, kept on disk under a digest of everything that it depends on."""

import hashlib
import os
from pathlib import Path


def default_folder() -> Path:
    """Return the folder of the cache: `facewire/bench` in the user's cache folder (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facewire/bench"


class Cache:
    """Byte strings by key. A file is either whole or absent, so that an interrupted run leaves nothing broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, *key: str) -> bytes | None:
        """Return what was put under this key, or None."""
        path = self._path(key)
        return path.read_bytes() if path.is_file() else None

    def put(self, data: bytes, *key: str) -> None:
        """Keep `data` under this key."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".part{os.getpid()}")
        unfinished.write_bytes(data)
        unfinished.replace(path)

    def _path(self, key: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()
        return self._folder / name[:2] / name[2:]
