"""Messages as dataclasses: each field is annotated with how it is taken from a msgpack map, and is written as it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, get_args, get_type_hints

from server.errors import ProtocolError
from server.protocol.message_fields import Fields, shown, unpack_map

_TYPE_CHARACTERS = 32


@dataclass(frozen=True)
class Wire:
    """How a field travels."""

    take: Callable[[Fields, str], Any]
    """Takes it by its name, checked; raises `ProtocolError`."""
    name: str = ""
    """On the wire, where that is not the attribute's."""
    is_optional: bool = False
    """Left out when it is the default."""
    comes_first: bool = False
    """Taken before the others: what it refuses explains what else may be wrong."""
    is_inline: bool = False
    """A record whose own fields stand beside the others."""

    def optional(self, name: str = "") -> "Wire":
        """Return the same for a field that is left out when it is the default, perhaps by another name."""
        return replace(self, is_optional=True, name=name)


def text(longest: int, shortest: int = 1) -> Wire:
    """Text of a length, in characters."""
    return Wire(lambda given, name: given.text(name, longest, shortest))


def matching(pattern: re.Pattern[str]) -> Wire:
    """Text that a pattern matches as a whole."""
    return Wire(lambda given, name: given.matching(name, pattern))


def choice(choices: tuple[str, ...]) -> Wire:
    """One of some texts."""
    return Wire(lambda given, name: given.choice(name, choices))


def integer(least: int, most: int) -> Wire:
    """An integer of a range."""
    return Wire(lambda given, name: given.integer(name, least, most))


def number(least: float, most: float) -> Wire:
    """A number of a range."""
    return Wire(lambda given, name: given.number(name, least, most))


def version(spoken: int, refusal: str) -> Wire:
    """The number of the protocol, this one only; the refusal names the other's number and this one (`{}`)."""

    def take(given: Fields, name: str) -> int:
        named = given.integer(name, 0, 65535)
        if named != spoken:
            raise ProtocolError("protocol-version", refusal.format(named, spoken))
        return named

    return Wire(take, comes_first=True)


def record(kind: "type[Record]", what: str) -> Wire:
    """A map that is a record; errors call it `what`."""
    return Wire(lambda given, name: kind.from_map(what, given.take(name)))


def inline(kind: "type[Record]") -> Wire:
    """The fields of a record, beside the others."""
    return Wire(lambda given, name: kind.from_fields(given), is_inline=True)


def records(kind: "type[Record]", what: str, most: int) -> Wire:
    """A list of at most so many records."""
    return Wire(lambda given, name: tuple(kind.from_map(what, one) for one in given.sequence(name, most)))


Flag = Annotated[bool, Wire(lambda given, name: given.flag(name))]
ParticipantId = Annotated[int, integer(1, 255)]
PersonName = Annotated[str, Wire(lambda given, name: given.person(name))]


class _Column(NamedTuple):
    attribute: str
    name: str
    wire: Wire
    default: object


@cache
def _columns(kind: type) -> tuple[_Column, ...]:
    hints = get_type_hints(kind, include_extras=True)
    wires = [next(note for note in hints[field.name].__metadata__ if isinstance(note, Wire)) for field in fields(kind)]
    return tuple(
        _Column(field.name, wire.name or field.name, wire, field.default)
        for field, wire in zip(fields(kind), wires, strict=True)
    )


class Record:
    """A dataclass that travels as a msgpack map; all its fields are annotated with a `Wire`."""

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map."""
        written: dict[str, Any] = {}
        kind: type = type(self)
        for column in _columns(kind):
            value = getattr(self, column.attribute)
            if column.wire.is_inline:
                written |= value.to_map()
            elif not (column.wire.is_optional and value == column.default):
                written[column.name] = _written(value)
        return written

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """Take this record's fields and leave others; raises `ProtocolError`."""
        kind: type = cls
        ordered = sorted(_columns(kind), key=lambda column: not column.wire.comes_first)
        return cls(
            **{
                column.attribute: column.wire.take(given, column.name)
                for column in ordered
                if not column.wire.is_optional or given.has(column.name)
            }
        )

    @classmethod
    def from_map(cls, what: str, value: object) -> Self:
        """Parse a map of a message, which errors call `what`; raises `ProtocolError`."""
        if not isinstance(value, dict):
            raise ProtocolError("bad-message", f"a {what} is {shown(value)}, expected a map")
        given = Fields(what, dict(value))
        parsed = cls.from_fields(given)
        given.done()
        return parsed


class Message(Record):
    """A record that says what it is."""

    type: ClassVar[str]


AnyMessage = TypeVar("AnyMessage", bound=Message)


def by_type(messages: object) -> dict[str, Any]:
    """Return the messages of a union, by their types."""
    return {kind.type: kind for kind in get_args(messages)}


def parse(data: bytes, kinds: Mapping[str, type[AnyMessage]], whose: str) -> AnyMessage:
    """Parse a message that must be one of these; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    value = unpack_map(data)
    name = value.pop("type", None)
    if not isinstance(name, str):
        raise ProtocolError("bad-message", f"type is {shown(name)}, expected text")
    if name not in kinds:
        raise ProtocolError("bad-message", f"{shown(name)} is not a message of {whose}")
    given = Fields(name[:_TYPE_CHARACTERS], value)
    message = kinds[name].from_fields(given)
    given.done()
    return message


def _written(value: object) -> object:
    """Return a field's value as msgpack takes it."""
    if isinstance(value, Record):
        return value.to_map()
    return [_written(one) for one in value] if isinstance(value, tuple) else value
