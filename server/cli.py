"""The `facewire` command. Each subcommand is a module with `add_parser(subparsers)` and `run(arguments)`.

Only the module of the command that is asked for is imported, so that a server needs no face model.
"""

import argparse
import importlib
import sys
from dataclasses import dataclass

from codec.errors import CodecError
from server.errors import ServerError

_CANNOT_START = 2


@dataclass(frozen=True)
class _Command:
    module: str
    help: str


_COMMANDS = {
    "serve": _Command("server.commands.serve", "run a server"),
    "invite": _Command("server.commands.invite", "make a link with a join token"),
    "join": _Command("server.commands.join", "take part in a call from this terminal"),
    "render": _Command("server.commands.render", "draw faces for browsers that cannot, on this machine's CPU or GPU"),
    "encode": _Command("server.commands.encode", "code a video file into a recording (.fwr)"),
    "info": _Command("server.commands.info", "say what is in a recording (.fwr)"),
    "decode": _Command("server.commands.decode", "play a recording (.fwr) out to a video file"),
    "demo": _Command("server.commands.demo", "show facewire beside ordinary video, on this machine alone"),
    "load": _Command("server.commands.load", "fill a server with participants and measure it"),
    "bench": _Command("server.commands.bench", "measure the wire, the speed, the codec"),
    "doctor": _Command("server.commands.doctor", "check what this machine has, and say what to do about the rest"),
}
_EXAMPLES = """\
examples:
  facewire serve --demonstration    then open the link that it prints: somebody is there
  facewire join LINK                call from a terminal, with this machine's camera
  facewire join LINK --video talk.mp4 --record call.fwr
  facewire encode talk.mp4 talk.fwr
  facewire info talk.fwr
  facewire decode call.fwr call.mp4
  facewire demo
  facewire bench wire --json build/bench/wire.json
  facewire doctor

`facewire COMMAND --help` says more about each.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 2 if the command cannot start."""
    argv = sys.argv[1:] if argv is None else argv
    asked = argv[0] if argv and argv[0] in _COMMANDS else None
    parser = argparse.ArgumentParser(
        prog="facewire",
        description="Video calls for links that carry only a telephone call.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    try:
        for name, command in _COMMANDS.items():
            if name == asked:
                module = importlib.import_module(command.module)
                module.add_parser(subparsers)
            else:
                subparsers.add_parser(name, help=command.help)
        arguments = parser.parse_args(argv)
        return int(module.run(arguments))
    except ModuleNotFoundError as error:
        print(
            f"facewire {asked} needs the Python package {error.name!r}, which is not installed: "
            "run `make setup`, or install facewire with its extras face and native",
            file=sys.stderr,
        )
    except (ServerError, CodecError) as error:
        print(f"facewire {asked}: {error}", file=sys.stderr)
    return _CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
