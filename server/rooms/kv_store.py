"""Where the nodes of a cluster remember rooms: key-value buckets of NATS JetStream."""

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import BadRequestError, BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KV_DEL, KV_OP, KeyValue

from server.rooms.record import RoomRecord
from server.rooms.room_store import ConflictError, Stored, StoreError
from server.settings import BusSettings, RoomSettings

_ROOMS, _TOKENS = "facewire_rooms", "facewire_tokens"
_BUCKET_BYTES = 256 << 20
#: Clocks differ; a used token is known for so long after it has expired.
_LEEWAY_S = 60.0
#: What JetStream answers when the record is of another revision.
_WRONG_REVISION = (10071, 10164)


class KvRoomStore:
    """Records in the bucket `facewire_rooms`, each key changed by compare and set; used tokens in `facewire_tokens`.

    Records vanish when nothing has changed for as long as a room may last and be remembered.
    """

    def __init__(self, jetstream: JetStreamContext, rooms: KeyValue, tokens: KeyValue) -> None:
        self._jetstream = jetstream
        self._rooms = rooms
        self._tokens = tokens

    @classmethod
    async def open(cls, jetstream: JetStreamContext, bus: BusSettings, room: RoomSettings) -> "KvRoomStore":
        """Use the buckets, made if they are not there. Raises `StoreError`."""
        async with _errors_told("open its buckets"):
            rooms = await _bucket(jetstream, bus, _ROOMS, room.longest_s + room.kept_s)
            tokens = await _bucket(jetstream, bus, _TOKENS, None)
        return cls(jetstream, rooms, tokens)

    async def read(self, name: str) -> Stored | None:
        """Return a room's record; of one that cannot be read, an empty one in its place."""
        async with _errors_told("read"):
            try:
                entry = await self._rooms.get(name)
            except KeyNotFoundError:
                return None
        assert entry.revision is not None
        try:
            record = msgspec.json.decode(entry.value or b"", type=RoomRecord)
        except msgspec.DecodeError:
            record = RoomRecord(name=name, empty_at=0.0)
        return Stored(record, entry.revision)

    async def write(self, record: RoomRecord, revision: int | None) -> int:
        """Put a record in place of the one of this revision."""
        value = msgspec.json.encode(record)
        async with _errors_told("write"):
            if revision is None:
                return await self._rooms.create(record.name, value)
            return await self._rooms.update(record.name, value, last=revision)

    async def forget(self, name: str, revision: int | None) -> int:
        """Keep a room no longer; what stays is a mark that it was deleted, until the bucket forgets it."""
        if revision is None:
            return 0
        async with _errors_told("forget"):
            # KeyValue.delete does the same without telling the revision.
            headers = {KV_OP: KV_DEL, api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(revision)}
            acknowledged = await self._jetstream.publish(f"$KV.{_ROOMS}.{name}", headers=headers)
        return acknowledged.seq

    async def sweep(self, kept_s: float) -> None:
        """Change nothing: the buckets forget by themselves."""

    async def is_used(self, token: str) -> bool:
        """Tell whether a token that is good for one join was used."""
        async with _errors_told("read"):
            try:
                await self._tokens.get(_key(token))
            except KeyNotFoundError:
                return False
        return True

    async def use(self, token: str, expires_at: float) -> bool:
        """Note that a token was used; False if it was before, on any node."""
        try:
            async with _errors_told("write"):
                await self._tokens.create(_key(token), b"", msg_ttl=max(1.0, expires_at - time.time()) + _LEEWAY_S)
        except ConflictError:
            return False
        return True

    def close(self) -> None:
        """Change nothing: the bus closes the connection."""


@asynccontextmanager
async def _errors_told(what: str) -> AsyncIterator[None]:
    """Turn what nats-py raises into `ConflictError` or `StoreError`."""
    try:
        yield
    except KeyWrongLastSequenceError as error:
        raise ConflictError("the record was changed in between") from error
    except BadRequestError as error:
        if error.err_code in _WRONG_REVISION:
            raise ConflictError("the record was changed in between") from error
        raise StoreError(f"JetStream does not {what}: {error.description}") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise StoreError(f"JetStream does not {what}: {error!r}") from error


async def _bucket(jetstream: JetStreamContext, bus: BusSettings, name: str, kept_s: float | None) -> KeyValue:
    # Reads go to the leader: a replica may be behind, and a change of what it says would be refused.
    try:
        return await jetstream.key_value(name)
    except BucketNotFoundError:
        return await jetstream.create_key_value(
            bucket=name, history=1, ttl=kept_s, max_bytes=_BUCKET_BYTES, replicas=bus.replicas, direct=False
        )


def _key(token: str) -> str:
    """Return a key for any text."""
    return hashlib.sha256(token.encode()).hexdigest()
