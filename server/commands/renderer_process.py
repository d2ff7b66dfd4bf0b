"""The renderer that a server starts for itself: `facewire render` in a process of its own."""

import secrets
import sys

import msgspec

from server.settings import RendererSettings, Secret, Settings

#: The key goes by the environment: who may list processes sees their arguments.
KEY_VARIABLE = "FACEWIRE_RENDERER_KEY"


def with_renderer_key(settings: Settings) -> Settings:
    """Return the settings with a key made up for the embedded renderer, where none is set."""
    if not settings.renderer.embedded or settings.renderer.key is not None:
        return settings
    renderer = msgspec.structs.replace(settings.renderer, key=Secret(secrets.token_urlsafe(32)))
    return msgspec.structs.replace(settings, renderer=renderer)


def render_command(server_url: str, renderer: RendererSettings) -> list[str]:
    """Return the command that renders for a server, with the same settings."""
    options = [f"renderer.{name}={getattr(renderer, name)}" for name in ("provider", "fps", "kbps", "faces")]
    return [
        *(sys.executable, "-m", "server.cli", "render", server_url, "--name", "embedded"),
        *(word for option in options for word in ("--set", option)),
    ]
