"""Reading a world's TOML file: defaults underneath, one clear line for a wrong key."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from riskml.datasets.simulation.parameters import WorldConfig
from riskml.errors import ConfigError

__all__ = ["PRESETS", "build_config", "describe_parameters", "load_config"]

PRESETS = ("2023q1",)
"""Worlds that come with riskml besides the default one, each fitted to a published quarter."""

WORLDS = files("riskml.datasets.simulation").joinpath("worlds")


def load_config(path: Path | str | None = None) -> WorldConfig:
    """Read a world's parameters.

    Parameters
    ----------
    path : Path or str, optional
        TOML file naming the keys that differ from the default world, or one of :data:`PRESETS`;
        ``offices`` are replaced as a whole. Without it the default world is returned.

    Returns
    -------
    WorldConfig
        Checked parameters.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a key is unknown or has an impossible value; the message
        names the key.
    """
    if path is None:
        return _default_config()
    if str(path) in PRESETS:
        return build_config(_shipped(f"{path}.toml"), str(path))
    return build_config(_read(Path(path)), str(path))


def build_config(changes: Mapping[str, Any], source: str = "world") -> WorldConfig:
    """Return the default world with some keys changed.

    Parameters
    ----------
    changes : mapping
        Nested as the TOML file is.
    source : str
        What to call the origin of ``changes`` in an error.

    Raises
    ------
    ConfigError
        If a key is unknown or has an impossible value.

    Examples
    --------
    >>> build_config({"policy": {"exploration": 0.5}}).policy.exploration
    0.5
    """
    try:
        return WorldConfig.model_validate(_merged(_shipped("default.toml"), changes))
    except ValidationError as error:
        raise _config_error(error, source) from error


def describe_parameters(config: WorldConfig | None = None) -> list[dict[str, Any]]:
    """List every parameter with its value and what it means, down to each office.

    Returns
    -------
    list of dict
        ``key`` as in the TOML file, ``value``, and ``description``, which ends with its source.
    """
    return list(_described(config or load_config(), ""))


def _described(section: BaseModel, prefix: str) -> Iterator[dict[str, Any]]:
    for name, field in type(section).model_fields.items():
        key, value = f"{prefix}{name}", getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _described(value, f"{key}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for number, item in enumerate(value):
                yield from _described(item, f"{key}[{number}].")
        else:
            yield {"key": key, "value": value, "description": field.description or ""}


@lru_cache(maxsize=1)
def _default_config() -> WorldConfig:
    return build_config({}, "default.toml")


@lru_cache(maxsize=8)
def _shipped(name: str) -> dict[str, Any]:
    return tomllib.loads(WORLDS.joinpath(name).read_text("utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}",
            f"check --config; worlds that come with riskml: {', '.join(PRESETS)}",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}", "correct it") from error


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes`` laid over it, table by table."""
    result = dict(base)
    for key, value in changes.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def _config_error(error: ValidationError, source: str) -> ConfigError:
    first = error.errors()[0]
    key = _dotted(first["loc"])
    if first["type"] == "extra_forbidden":
        return ConfigError(f"{source}: unknown key {key}", "remove it or correct its spelling")
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return ConfigError(f"{source}: {key} is missing", "add it")
    if first["type"] == "value_error":
        return ConfigError(f"{source}: {key or 'the world'}: {reason}", "correct the file")
    given = first["input"]
    return ConfigError(f"{source}: {key} = {given!r}: {reason}", "correct the value")


def _dotted(location: Sequence[int | str]) -> str:
    """Write a place in the file as TOML keys, list entries by number.

    >>> _dotted(("offices", 2, "scans"))
    'offices[2].scans'
    """
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
