"""The fields of a msgpack map, taken out one by one and checked; what is left over or wrong is refused by name."""

import re
import unicodedata
from typing import Any

import msgpack

from server.errors import ProtocolError

NAME_CHARACTERS = 64


def unpack_map(data: bytes) -> dict[str, Any]:
    """Return the one msgpack map in `data`; raises `ProtocolError` (`bad-message`) for anything else."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise ProtocolError("bad-message", f"not msgpack: {shown(data)}") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ProtocolError("bad-message", f"{shown(value)} is not a msgpack map with text for keys")
    return value


class Fields:
    """The fields of one message, taken out one by one; `done` refuses any that are left."""

    def __init__(self, kind: str, fields: dict[str, Any]) -> None:
        self._kind = kind
        self._fields = fields

    def take(self, name: str) -> Any:
        """Return a field, whatever it is."""
        if name not in self._fields:
            raise ProtocolError("bad-message", f"{self._kind} lacks the field {name!r}")
        return self._fields.pop(name)

    def text(self, name: str, longest: int, shortest: int = 1) -> str:
        """Return text of a length, in characters."""
        value = self.take(name)
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            raise self.refuse(name, value, f"text of {shortest}–{longest} characters")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Return text that a pattern matches as a whole."""
        value = self.take(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.refuse(name, value, f"text like {pattern.pattern}")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of some texts."""
        value = self.take(name)
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(name, value, "one of " + ", ".join(choices))
        return value

    def integer(self, name: str, least: int, most: int) -> int:
        """Return an integer of a range."""
        value = self.take(name)
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(name, value, f"an integer of {least}–{most}")
        return value

    def sequence(self, name: str, most: int) -> list[Any]:
        """Return a list of at most so many."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(name, value, f"a list of at most {most}")
        return value

    def mapping(self, name: str, most: int) -> dict[Any, Any]:
        """Return a map of at most so many."""
        value = self.take(name)
        if not isinstance(value, dict) or len(value) > most:
            raise self.refuse(name, value, f"a map of at most {most}")
        return value

    def number(self, name: str, least: float, most: float) -> float:
        """Return a number of a range."""
        value = self.take(name)
        if not isinstance(value, float | int) or isinstance(value, bool) or not least <= value <= most:
            raise self.refuse(name, value, f"a number of {least:g}–{most:g}")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.refuse(name, value, "true or false")
        return value

    def has(self, name: str) -> bool:
        """Tell whether an optional field is there."""
        return name in self._fields

    def person(self, name: str = "name") -> str:
        """Return a person's name: 1–64 characters without control characters or surrounding blanks."""
        value = self.text(name, NAME_CHARACTERS)
        if value != value.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in value):
            raise self.refuse(name, value, "text without control characters or surrounding blanks")
        return value

    def done(self) -> None:
        """Refuse the message if a field is left."""
        if self._fields:
            raise ProtocolError("bad-message", f"{self._kind} has unknown fields: {shown(sorted(self._fields))}")

    def refuse(self, name: str, value: object, wanted: str) -> ProtocolError:
        """Return the error for a field with a bad value."""
        return ProtocolError("bad-message", f"{self._kind}: {name} is {shown(value)}, expected {wanted}")


def shown(value: object) -> str:
    """Return a value as text of at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
