"""Runs docker/Dockerfile's steps in clean roots, without a container engine: `python -m tests.docker.clean_root`.

The base image is what it is made of, Debian's minimal system (debootstrap); each stage is a copy of its base's root,
RUN is a shell in it (chroot), COPY copies. Needs root and debootstrap. The image's own command is then tried: a server
must answer its health check as the image's user. Prints how large each image's own layers are.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.docker.dockerfile import Instruction, Stage, assignments, needed, parse, substitute

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = PROJECT / "docker/Dockerfile"

_MIRROR = "http://deb.debian.org/debian"
_IMAGES = {"debian:bookworm-slim": "bookworm"}
_KEEP_NOTHING = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n'
#: Where a machine has certificates of its own, package managers in a root must know them too.
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_CERTIFICATES_INSIDE = "/run/machine-certificates.crt"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_START_S = 120.0


@dataclass(frozen=True)
class Image:
    """A root, and what is set in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


class CleanRoots:
    """The roots of a Dockerfile's stages, in a work folder that keeps Debian's minimal system between runs."""

    def __init__(self, work: Path, context: Path) -> None:
        self._work = work
        self._context = context
        self._images: dict[str, Image] = {}

    def build(self, target: str) -> Image:
        """Run the steps of a target and of all that it needs. Raises `CalledProcessError` if one fails."""
        stages = parse(DOCKERFILE)
        for name in needed(stages, target):
            if name not in self._images:
                self._images[name] = self._run_stage(stages[name])
        return self._images[target]

    def own_megabytes(self, target: str) -> float:
        """Return how much larger an image is than its base, Debian's minimal system."""
        debian = next(image for name, image in self._images.items() if name in _IMAGES)
        return (_bytes_in(self._images[target].root) - _bytes_in(debian.root)) / 1e6

    def _run_stage(self, stage: Stage) -> Image:
        base = self._images[stage.base] if stage.base in self._images else self._debian(stage.base)
        root = self._work / stage.name
        _remove(root)
        subprocess.run(["cp", "--archive", "--reflink=auto", base.root, root], check=True)
        image = replace(base, root=root)
        build_arguments: dict[str, str] = {}
        for instruction in stage.instructions:
            print(f"[{stage.name}] {instruction.name} {instruction.text[:100]}", flush=True)
            if instruction.name == "ARG":
                build_arguments |= assignments(instruction.text, image.environment)
            else:
                image = self._apply(image, instruction, build_arguments)
        return image

    def _apply(self, image: Image, instruction: Instruction, build_arguments: dict[str, str]) -> Image:
        variables = image.environment | build_arguments
        text = instruction.text
        match instruction.name:
            case "RUN":
                run(replace(image, environment=variables), ["/bin/sh", "-c", text])
            case "COPY":
                self._copy(image, substitute(text, variables).split())
            case "ENV":
                return replace(image, environment=image.environment | assignments(text, variables))
            case "WORKDIR":
                folder = image.root / text.lstrip("/")
                folder.mkdir(parents=True, exist_ok=True)
                return replace(image, folder=text)
            case "USER":
                return replace(image, user=text)
            case "CMD":
                return replace(image, command=json.loads(text))
            case "ENTRYPOINT":
                return replace(image, entrypoint=json.loads(text), command=[])
            case "HEALTHCHECK":
                return replace(image, health=json.loads(text.partition(" CMD ")[2]))
        return image

    def _copy(self, image: Image, words: list[str]) -> None:
        source_root = self._context
        if words[0].startswith("--from="):
            source_root = self._images[words.pop(0).removeprefix("--from=")].root
        *sources, target_text = words
        target = image.root / os.path.normpath(os.path.join(image.folder, target_text)).lstrip("/")
        for source in (source_root / word.lstrip("/") for word in sources):
            if source.is_dir():
                # A folder's content is copied, not the folder.
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                into = target / source.name if target_text.endswith(("/", ".")) else target
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, into)

    def _debian(self, name: str) -> Image:
        root = self._work / _IMAGES[name]
        if not (root / "etc/debian_version").is_file():
            _remove(root)
            unfinished = root.with_suffix(".part")
            _remove(unfinished)
            subprocess.run(["debootstrap", "--variant=minbase", _IMAGES[name], unfinished, _MIRROR], check=True)
            # As in Debian's image: apt keeps no packages that it has installed.
            (unfinished / "etc/apt/apt.conf.d/docker-clean").write_text(_KEEP_NOTHING)
            for package in (unfinished / "var/cache/apt/archives").glob("*.deb"):
                package.unlink()
            unfinished.rename(root)
        image = self._images[name] = Image(root)
        return image


@contextmanager
def build_context() -> Iterator[Path]:
    """Yield a folder with what a build is given: the project's files as they are now, without what is made of them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout.decode()
    with tempfile.TemporaryDirectory(prefix="facewire-context-") as folder:
        for name in filter(None, listed.split("\0")):
            if (PROJECT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, Path(folder) / name)
        yield Path(folder)


def run(image: Image, command: list[str]) -> None:
    """Run a command in an image's root, as its user. Raises `CalledProcessError`."""
    with ready(image) as environment:
        subprocess.run(_inside(image, command), env=environment, check=True)


@contextmanager
def ready(image: Image) -> Iterator[dict[str, str]]:
    """Make a root ready to run something: yields the environment."""
    environment = {**image.environment, "HOME": "/root" if image.user == "0" else "/var/lib/facewire"}
    with ExitStack() as stack:
        for kind, place in (("proc", "proc"), ("devtmpfs", "dev"), ("tmpfs", "tmp"), ("tmpfs", "run")):
            subprocess.run(["mount", "-t", kind, kind, image.root / place], check=True)
            stack.callback(_unmount, image.root / place)
        shutil.copy2("/etc/resolv.conf", image.root / "etc/resolv.conf")
        if _CERTIFICATES.is_file():
            shutil.copy2(_CERTIFICATES, image.root / _CERTIFICATES_INSIDE.lstrip("/"))
            environment |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), _CERTIFICATES_INSIDE)
        yield environment


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", place], check=True)


def _inside(image: Image, command: list[str]) -> list[str]:
    user = ["--userspec", f"{image.user}:{image.user}"] if image.user != "0" else []
    script = 'cd "$0" && exec "$@"'
    return ["chroot", *user, str(image.root), "/bin/sh", "-c", script, image.folder, *command]


def serve(image: Image, *arguments: str, settings: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start an image's own command in a root made `ready`."""
    environment = {**image.environment, "HOME": "/var/lib/facewire", **(settings or {})}
    return subprocess.Popen(_inside(image, [*image.entrypoint, *(arguments or image.command)]), env=environment)


def wait_healthy(image: Image, process: "subprocess.Popen[bytes]", settings: dict[str, str]) -> None:
    """Wait until an image's health check passes. Raises `RuntimeError` if its process ends before, or it takes long."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        check = subprocess.run(
            _inside(image, image.health), env={**image.environment, **settings}, capture_output=True, check=False
        )
        if check.returncode == 0:
            return
        time.sleep(1)
    raise RuntimeError(f"{image.root.name} is not healthy: {check.stderr.decode()[-300:]}")


def _bytes_in(root: Path) -> int:
    counted = subprocess.run(
        ["du", "--summarize", "--bytes", "--one-file-system", root], capture_output=True, check=True
    )
    return int(counted.stdout.split()[0])


def _remove(root: Path) -> None:
    """Remove a root, in which nothing may be mounted any more."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    if any(mount.startswith(f"{root}/") for mount in mounts):
        raise RuntimeError(f"something is still mounted in {root}: unmount it first")
    if root.exists():
        shutil.rmtree(root)


def main() -> None:
    """Build the targets that are named, start what they are, and say how large they are."""
    targets = sys.argv[1:] or ["server", "renderer"]
    work = Path(os.environ.get("FACEWIRE_ROOTS", "/var/tmp/facewire-roots"))
    work.mkdir(parents=True, exist_ok=True)
    key = {"FACEWIRE_RENDERER_KEY": os.urandom(24).hex(), "FACEWIRE_PORT": "18080", "FACEWIRE_HOST": "127.0.0.1"}
    with ExitStack() as stack:
        roots = CleanRoots(work, stack.enter_context(build_context()))
        for target in targets:
            image = roots.build(target)
            stack.enter_context(ready(image))
            arguments = () if target == "server" else ("http://127.0.0.1:18080",)
            process = serve(image, *arguments, settings=key)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            wait_healthy(image, process, key)
            print(
                f"{target}: healthy as user {image.user}; {roots.own_megabytes(target):.0f} MB beyond Debian's minimum"
            )


if __name__ == "__main__":
    main()
