"""How often one address, or anybody in one room, may do something in a minute."""

from enum import Enum

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from server.settings import LimitSettings


class Deed(Enum):
    """What is limited."""

    SOCKET = "sockets"
    BAD_TOKEN = "bad tokens"
    NEW_ROOM = "new rooms"
    ROOM_JOIN = "room joins"


class Limiter:
    """Counts deeds by who did them, in windows of a minute that begin with the first."""

    def __init__(self, settings: LimitSettings) -> None:
        self._windows = FixedWindowRateLimiter(MemoryStorage())
        self._limits = {
            Deed.SOCKET: RateLimitItemPerMinute(settings.sockets_per_minute),
            Deed.BAD_TOKEN: RateLimitItemPerMinute(settings.bad_tokens_per_minute),
            Deed.NEW_ROOM: RateLimitItemPerMinute(settings.new_rooms_per_minute),
            Deed.ROOM_JOIN: RateLimitItemPerMinute(settings.room_joins_per_minute),
        }

    async def admit(self, deed: Deed, who: str) -> bool:
        """Count a deed; False if there were too many."""
        return await self._windows.hit(self._limits[deed], deed.value, who)

    async def is_exhausted(self, deed: Deed, who: str) -> bool:
        """Tell whether another deed would be too many, without counting one."""
        return not await self._windows.test(self._limits[deed], deed.value, who)
