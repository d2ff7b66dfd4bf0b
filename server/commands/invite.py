"""`facewire invite`: sign a join token, and print the link that carries it and the key of the encryption."""

import argparse
from typing import TYPE_CHECKING

from server.client.room_link import RoomLink
from server.commands.serve import add_settings_arguments, settings_of
from server.encryption.link_secret import LinkSecret
from server.errors import ServerError
from server.rooms.tokens import Tokens

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_EXAMPLES = """\
examples:
  export FACEWIRE_ACCESS_TOKEN_KEY=$(openssl rand -hex 32)       the key that the server has too
  facewire invite https://calls.example/room/tea --host          for whoever runs the meeting
  facewire invite 'https://calls.example/room/tea#key=KEY' --name Ann --once --hours 48
                                                                 for her guests: KEY is that of the first link
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "invite",
        help="make a link with a join token",
        description="Sign a join token with the server's key (access.token_key) and print the link that carries it, "
        "and the key that encrypts the call end to end: URL's own, so that all guests have the same, or a new one.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="the room's link, http(s)://HOST[:PORT]/room/NAME[#key=KEY]")
    parser.add_argument("--name", help="how the others see who comes with it (default: what they say)")
    parser.add_argument("--host", action="store_true", dest="is_host", help="may lock, let in, mute, remove and end")
    parser.add_argument("--once", action="store_true", help="good for one join")
    parser.add_argument("--hours", type=float, default=24.0, help="valid for so long (default: %(default)g)")
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the link; returns the exit status. Raises `ServerError` if it cannot be made."""
    key = settings_of(arguments).access.token_key
    if key is None:
        raise ServerError("no key to sign with: set FACEWIRE_ACCESS_TOKEN_KEY to the server's (access.token_key)")
    if not arguments.hours > 0:
        raise ServerError(f"--hours {arguments.hours:g} is not positive")
    link = RoomLink.parse(arguments.url)
    token = Tokens(key.reveal()).invite(
        link.room, 3600 * arguments.hours, name=arguments.name, is_host=arguments.is_host, once=arguments.once
    )
    print(f"{arguments.url.split('#')[0]}#token={token}&key={link.secret or LinkSecret.generate()}")
    return 0
