"""Reading a mapping file, and telling exactly what is wrong with it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from riskml.datasets.mapping import (
    ColumnSpec,
    ExportMapping,
    LabelRule,
    SourceSpec,
    TableSpec,
    UnitsByColumn,
)
from riskml.errors import ConfigError, UnreadableFileError
from riskml.schemas import table_schema
from riskml.schemas.naming import is_extra, nearest

__all__ = ["load_mapping"]


def load_mapping(path: Path) -> ExportMapping:
    """Read a mapping and check it against the vocabulary.

    Raises
    ------
    UnreadableFileError
        If the file is absent or not text.
    ConfigError
        If it is not TOML, or a key is unknown, missing or impossible.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableFileError(
            f"cannot read the mapping {path} ({error.strerror})",
            "give a TOML file such as data/mappings/lemis.toml",
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"the mapping {path} is not UTF-8", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", "correct that line") from error
    try:
        mapping = ExportMapping.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_fault(error)}", "see data/README.md") from error
    for name, table in mapping.tables.items():
        _check_table(path, mapping, name, table)
    return mapping


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {place}{nearest(str(fault['loc'][-1]), _KEYS)}"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"


_KEYS = sorted(
    {
        field.alias or name
        for model in (ExportMapping, TableSpec, ColumnSpec, SourceSpec, LabelRule, UnitsByColumn)
        for name, field in model.model_fields.items()
    }
)


def _check_table(path: Path, mapping: ExportMapping, name: str, table: TableSpec) -> None:
    place = f"{path}: tables.{name}"
    if table.source not in mapping.sources:
        hint = nearest(table.source, mapping.sources)
        raise ConfigError(
            f"{place}.source {table.source!r} is not under [sources]{hint}", "name it"
        )
    if table.result and name != "inspections":
        raise ConfigError(f"{place}.result: only inspections have a result", "move it there")
    _check_targets(place, name, table)
    _check_picks(place, table.columns, merged=bool(table.one_row_per))


def _check_targets(place: str, name: str, table: TableSpec) -> None:
    schema = table_schema(name)
    for target in table.columns:
        if target not in schema.names and not is_extra(target):
            hint = nearest(target, schema.names)
            raise ConfigError(
                f"{place}.columns: {target} is no column of {name}{hint}",
                "use a name of data/README.md, or x_something",
            )
    lacking = [target for target in schema.required if target not in table.columns]
    if lacking and not table.same_names:
        raise ConfigError(
            f"{place}.columns: nothing is mapped to {', '.join(lacking)}", "these are required"
        )
    if table.result and "result" in table.columns:
        raise ConfigError(f"{place}: result has a column and a rule", "keep one of them")


def _check_picks(place: str, columns: Mapping[str, ColumnSpec], *, merged: bool) -> None:
    for name, spec in columns.items():
        if spec.pick != "first" and not merged:
            raise ConfigError(
                f"{place}.columns.{name}.pick: there are no lines to pick from",
                "add one_row_per to the table, or drop pick",
            )
