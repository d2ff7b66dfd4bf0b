"""A server that lets in whom a join token invites, and nobody else."""

from server.rooms.tokens import Tokens
from server.settings import AccessSettings, Secret, Settings

_KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"
TOKENS = Tokens(_KEY)


def invited_only() -> Settings:
    return Settings(port=0, access=AccessSettings(anonymous=False, token_key=Secret(_KEY)))
