"""Where rooms are remembered: what a store must do, and the one of a server that is alone, in SQLite."""

import logging
import secrets
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from server.errors import ServerError
from server.rooms.record import RoomRecord

logger = logging.getLogger(__name__)

_VERSION = 1
_LOCK_WAIT_S = 1.0


class ConflictError(ServerError):
    """Somebody else has changed the record in between: read it again."""


class StoreError(ServerError):
    """The store holds no more, or cannot be reached."""


class Stored(NamedTuple):
    """A record, and the number of the change that made it; later changes of a room have higher numbers."""

    record: RoomRecord
    revision: int


class RoomStore(Protocol):
    """Records of rooms by name, each changed by compare and set, and the ids of used tokens.

    All methods raise `StoreError` if the store cannot be reached.
    """

    async def read(self, name: str) -> Stored | None:
        """Return a room's record."""

    async def write(self, record: RoomRecord, revision: int | None) -> int:
        """Put a record in place of the one of this revision (None: of none); returns the new revision.

        Raises `ConflictError`, and `StoreError` if no more rooms can be kept.
        """

    async def forget(self, name: str, revision: int | None) -> int:
        """Keep a room no longer; otherwise like `write`."""

    async def sweep(self, kept_s: float) -> None:
        """Forget rooms that have been empty for longer than `kept_s`."""

    async def is_used(self, token: str) -> bool:
        """Tell whether a token that is good for one join was used."""

    async def use(self, token: str, expires_at: float) -> bool:
        """Note that a token was used, until it expires; False if it was before."""

    def close(self) -> None:
        """Let go of what the store holds open."""


class SqliteRoomStore:
    """Keeps the rooms of one server in memory, and in a file in case it restarts; also the key it has made up."""

    def __init__(self, file: str, most: int = 10_000) -> None:
        """Open a file, or nothing but memory if `file` is empty; remember `most` rooms. Raises `ServerError`."""
        self._most = most
        try:
            if file:
                Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(file).touch(mode=0o600)
                Path(file).chmod(0o600)
            self._database = sqlite3.connect(file or ":memory:", timeout=_LOCK_WAIT_S, isolation_level=None)
            self._prepare()
            self._rooms = self._load()
        except (OSError, sqlite3.Error) as error:
            raise ServerError(f"cannot keep rooms in {file}: {error}; name another state_file, or none") from error
        self._revision = len(self._rooms)

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"its version is {version}, this server's is {_VERSION}")
        self._database.executescript(
            f"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            PRAGMA user_version = {_VERSION};
            CREATE TABLE IF NOT EXISTS rooms (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS used_tokens (id TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS keys (purpose TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
            """
        )

    def _load(self) -> dict[str, Stored]:
        """Return all rooms; everybody is away now. What cannot be read is left out and logged."""
        rooms: dict[str, Stored] = {}
        for name, stored in self._database.execute("SELECT name, record FROM rooms"):
            try:
                record = msgspec.json.decode(stored, type=RoomRecord)
            except msgspec.DecodeError as error:
                logger.warning("a stored room cannot be read", extra={"room": name, "reason": str(error)})
                continue
            record.waiting = []
            record.note_all_away()
            record.note_emptiness()
            rooms[name] = Stored(record, len(rooms) + 1)
        return rooms

    async def read(self, name: str) -> Stored | None:
        """Return a room's record; it is not to be changed."""
        return self._rooms.get(name)

    async def write(self, record: RoomRecord, revision: int | None) -> int:
        """Put a record in place of the one of this revision; a disk that fails must not end calls."""
        self._check(record.name, revision)
        if record.name not in self._rooms and len(self._rooms) >= self._most:
            raise StoreError(f"this server remembers {len(self._rooms)} rooms: try later")
        self._execute("INSERT OR REPLACE INTO rooms VALUES (?, ?)", (record.name, msgspec.json.encode(record)))
        self._rooms[record.name] = Stored(record, self._next_revision())
        return self._revision

    async def forget(self, name: str, revision: int | None) -> int:
        """Keep a room no longer."""
        self._check(name, revision)
        if self._rooms.pop(name, None) is not None:
            self._execute("DELETE FROM rooms WHERE name = ?", (name,))
        return self._next_revision()

    async def sweep(self, kept_s: float) -> None:
        """Forget rooms that have been empty for longer than `kept_s`."""
        for name, stored in [*self._rooms.items()]:
            if stored.record.is_over(kept_s):
                await self.forget(name, stored.revision)

    async def is_used(self, token: str) -> bool:
        """Tell whether a token that is good for one join was used."""
        return self._database.execute("SELECT 1 FROM used_tokens WHERE id = ?", (token,)).fetchone() is not None

    async def use(self, token: str, expires_at: float) -> bool:
        """Note that a token was used, until it expires; False if it was before."""
        was_used = await self.is_used(token)
        self._execute("DELETE FROM used_tokens WHERE expires_at < ?", (time.time() - 60,))
        self._execute("INSERT OR IGNORE INTO used_tokens VALUES (?, ?)", (token, expires_at))
        return not was_used

    def own_key(self) -> str:
        """Return a key of 256 random bits, the same one each time if the file can be written."""
        self._execute("INSERT OR IGNORE INTO keys VALUES ('tokens', ?)", (secrets.token_urlsafe(32),))
        row = self._database.execute("SELECT key FROM keys WHERE purpose = 'tokens'").fetchone()
        return str(row[0]) if row else secrets.token_urlsafe(32)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _check(self, name: str, revision: int | None) -> None:
        stored = self._rooms.get(name)
        if (stored.revision if stored else None) != revision:
            raise ConflictError(f"the record of {name} was changed in between")

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision

    def _execute(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            logger.error("the state file cannot be written", extra={"reason": str(error)})
