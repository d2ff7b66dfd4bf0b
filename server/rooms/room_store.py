"""What is remembered of rooms: in SQLite, so that locks, lobbies and hosts survive a restart."""

import logging
import secrets
import sqlite3
import time
from pathlib import Path

import msgspec

from server.errors import ServerError
from server.rooms.tokens import new_id

logger = logging.getLogger(__name__)

_VERSION = 1
_LOCK_WAIT_S = 1.0
_HOSTS = 64
_REMOVED = 256


class RoomRecord(msgspec.Struct, kw_only=True):
    """One life of a room, from the first person in it until it is forgotten. Times are seconds since 1970."""

    name: str
    instance: str = msgspec.field(default_factory=new_id)
    """Tells lives of rooms of the same name apart; passes are for one life."""
    began_at: float = msgspec.field(default_factory=time.time)
    empty_at: float | None = None
    """When the last one went; None while somebody is there."""
    is_anonymous: bool = True
    """Made by somebody without a join token: then somebody present is always host."""
    locked: bool = False
    lobby: bool = False
    ended: bool = False
    hosts: list[str] = []
    """Persons (the ids of their passes) who are host when they are there."""
    removed: list[str] = []
    """Persons whose pass is void."""

    def make_host(self, person: str) -> None:
        """Make somebody host whenever they are there; of very many the oldest no longer are."""
        if person not in self.hosts:
            self.hosts = [*self.hosts, person][-_HOSTS:]

    def remove(self, person: str) -> None:
        """Make a person's pass void; of very many the oldest count again."""
        self.removed = [*self.removed, person][-_REMOVED:]
        if person in self.hosts:
            self.hosts.remove(person)


class RoomStore:
    """Records of rooms by name, the ids of used tokens, and the key that was made up where none is set."""

    def __init__(self, file: str) -> None:
        """Open a file, or nothing but memory if `file` is empty. Raises `ServerError` if that fails."""
        try:
            if file:
                Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(file).touch(mode=0o600)
                Path(file).chmod(0o600)
            self._database = sqlite3.connect(file or ":memory:", timeout=_LOCK_WAIT_S, isolation_level=None)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise ServerError(f"cannot keep rooms in {file}: {error}; name another state_file, or none") from error

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

    def load(self) -> dict[str, RoomRecord]:
        """Return all rooms; they are empty now. What cannot be read is left out and logged."""
        records: dict[str, RoomRecord] = {}
        for name, stored in self._database.execute("SELECT name, record FROM rooms"):
            try:
                record = msgspec.json.decode(stored, type=RoomRecord)
            except msgspec.DecodeError as error:
                logger.warning("a stored room cannot be read", extra={"room": name, "reason": str(error)})
                continue
            record.empty_at = record.empty_at or time.time()
            records[name] = record
        return records

    def save(self, record: RoomRecord) -> None:
        """Keep a room as it is now."""
        self._write("INSERT OR REPLACE INTO rooms VALUES (?, ?)", (record.name, msgspec.json.encode(record)))

    def forget(self, name: str) -> None:
        """Keep a room no longer."""
        self._write("DELETE FROM rooms WHERE name = ?", (name,))

    def is_used(self, token: str) -> bool:
        """Tell whether a token that is good for one join was used."""
        return self._database.execute("SELECT 1 FROM used_tokens WHERE id = ?", (token,)).fetchone() is not None

    def use(self, token: str, expires_at: float) -> None:
        """Note that a token was used, until it expires."""
        self._write("DELETE FROM used_tokens WHERE expires_at < ?", (time.time() - 60,))
        self._write("INSERT OR IGNORE INTO used_tokens VALUES (?, ?)", (token, expires_at))

    def own_key(self) -> str:
        """Return a key of 256 random bits, the same one each time if the file can be written."""
        self._write("INSERT OR IGNORE INTO keys VALUES ('tokens', ?)", (secrets.token_urlsafe(32),))
        row = self._database.execute("SELECT key FROM keys WHERE purpose = 'tokens'").fetchone()
        return str(row[0]) if row else secrets.token_urlsafe(32)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        """Run a statement; a disk that fails must not end calls."""
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            logger.error("the state file cannot be written", extra={"reason": str(error)})
