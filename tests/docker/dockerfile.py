"""As much of a Dockerfile (docs.docker.com/reference/dockerfile) as docker/Dockerfile uses, parsed strictly."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


class DockerfileError(Exception):
    """The file uses something that is not understood here."""


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    text: str
    line: int


@dataclass
class Stage:
    """What lies between one FROM and the next."""

    name: str
    base: str
    """Another stage's name, or an image."""
    instructions: list[Instruction] = field(default_factory=list)


_KNOWN = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "RUN", "USER", "VOLUME", "WORKDIR"),
}
_FROM = re.compile(r"(\S+) AS ([a-z0-9-]+)")


def parse(path: Path) -> dict[str, Stage]:
    """Return the stages by name, in the file's order. Raises `DockerfileError`."""
    stages: dict[str, Stage] = {}
    for instruction in _instructions(path.read_text()):
        if instruction.name == "FROM":
            found = _FROM.fullmatch(instruction.text)
            if found is None:
                raise DockerfileError(f"{path}:{instruction.line}: every stage needs a name: FROM IMAGE AS NAME")
            stage = stages[found[2]] = Stage(found[2], found[1])
        elif not stages or instruction.name not in _KNOWN:
            raise DockerfileError(f"{path}:{instruction.line}: {instruction.name} is not understood here")
        else:
            stage.instructions.append(instruction)
    return stages


def _instructions(text: str) -> list[Instruction]:
    found: list[Instruction] = []
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or (not line.strip() and not pending):
            continue
        first = first if pending else number
        pending += line.removesuffix("\\").strip() + " "
        if not line.endswith("\\"):
            name, _, rest = pending.strip().partition(" ")
            found.append(Instruction(name, rest.strip(), first))
            pending = ""
    return found


def substitute(text: str, variables: dict[str, str]) -> str:
    """Return text with `$NAME` and `${NAME}` replaced; what is not known becomes empty."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: variables.get(found[1] or found[2], ""), text)


def assignments(text: str, variables: dict[str, str]) -> dict[str, str]:
    """Return what ENV or ARG sets."""
    pairs = (word.partition("=") for word in shlex.split(text))
    return {name: substitute(value, variables) for name, equals, value in pairs if equals}


def needed(stages: dict[str, Stage], target: str) -> list[str]:
    """Return the stages that a target needs, itself last."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in stages and name not in order:
            stage = stages[name]
            visit(stage.base)
            for instruction in stage.instructions:
                source = re.match(r"--from=(\S+)", instruction.text)
                if instruction.name == "COPY" and source is not None:
                    visit(source[1])
            order.append(name)

    visit(target)
    return order
