"""Where settings come from: a TOML file, then the environment (`FACEWIRE_…`), then flags; the last one counts.

`FACEWIRE_ACCESS_TOKEN_KEY` is the key `token_key` of the section `access`, `--set access.token_key=…` the same.
A secret that begins with @ is the content of the file that follows: `@/run/secrets/token_key`.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard, get_origin

import msgspec

from server.errors import SettingsError
from server.settings import Secret, Settings, is_loopback

CONFIG_VARIABLE = "FACEWIRE_CONFIG"

_PREFIX = "FACEWIRE_"
#: Variables of this prefix that are no settings of a server.
_OTHER_VARIABLES = frozenset(
    _PREFIX + name for name in ("CONFIG", "CLIENT", "CLIPS", "LANDMARKER", "LANDMARKER_SHA256", "WEIGHTS")
)

Tree = dict[str, Any]
"""Settings by key; sections are trees."""


def load_settings(
    file: Path | None, environment: Mapping[str, str], flags: Tree, defaults: Tree | None = None
) -> Settings:
    """Return the settings that a file, the environment and flags make together, over other defaults if there are any.

    Raises `SettingsError` for what cannot be read, is unknown, of the wrong type or out of range.
    """
    tree: Tree = {}
    for source in (defaults or {}, _read_file(file) if file else {}, _read_environment(environment), flags):
        _lay_over(tree, source)
    # A server that only this machine reaches offers only this machine's address.
    link = tree.setdefault("link", {})
    if isinstance(link, dict):
        link.setdefault("loopback", is_loopback(str(tree.get("host", Settings().host))))
    settings: Settings = _convert(tree, Settings, str(file) if file else "settings")
    return settings


def read_assignments(assignments: Iterable[str]) -> Tree:
    """Return the tree of `--set` flags, each `KEY=VALUE` or `SECTION.KEY=VALUE`. Raises `SettingsError`."""
    kinds = dict(setting_types())
    tree: Tree = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        path = tuple(key.strip().split("."))
        if not equals or path not in kinds:
            raise SettingsError(f"--set {key!r}: there is no such setting; docs/operations.md lists them")
        _put(tree, path, _parse(text, kinds[path], f"--set {key}"))
    return tree


def _read_file(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error


def _read_environment(environment: Mapping[str, str]) -> Tree:
    leaves = {_PREFIX + "_".join(path).upper(): (path, kind) for path, kind in setting_types()}
    tree: Tree = {}
    for name, text in environment.items():
        if not name.startswith(_PREFIX) or name in _OTHER_VARIABLES:
            continue
        if name not in leaves:
            raise SettingsError(
                f"the environment has {name}, which is no setting: unset it, or look it up in docs/operations.md"
            )
        path, kind = leaves[name]
        _put(tree, path, _parse(text, kind, name))
    return tree


def setting_types(
    kind: type[msgspec.Struct] = Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and the type of every setting."""
    for field in msgspec.structs.fields(kind):
        if _is_section(field.type):
            yield from setting_types(field.type, (*path, field.name))
        else:
            yield (*path, field.name), field.type


def _is_section(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _parse(text: str, kind: Any, origin: str) -> Any:
    """Read a value from text: JSON for lists of tables, commas in lists of text, else as it stands."""
    if get_origin(kind) is tuple:
        if text.lstrip().startswith("["):
            try:
                return _convert(msgspec.json.decode(text), kind, origin)
            except msgspec.DecodeError as error:
                raise SettingsError(f"{origin}: {error}") from error
        return _convert([part.strip() for part in text.split(",") if part.strip()], kind, origin)
    return _convert(text, kind, origin, strict=False)


def _convert(value: Any, kind: Any, origin: str, *, strict: bool = True) -> Any:
    try:
        return msgspec.convert(value, kind, strict=strict, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{origin}: {error}") from error


def _decode(kind: type, value: Any) -> Any:
    """Make what msgspec does not know; also passes what an earlier source has made already."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise TypeError("expected text")
    if kind is Path:
        return Path(value)
    assert kind is Secret, f"settings have no fields of type {kind}"
    return Secret(_read_secret(value[1:]) if value.startswith("@") else value)


def _read_secret(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the secret in {path}: {error}") from error


def _put(tree: Tree, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _lay_over(tree: Tree, source: Tree) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _lay_over(tree[key], value)
        else:
            tree[key] = dict(value) if isinstance(value, dict) else value
