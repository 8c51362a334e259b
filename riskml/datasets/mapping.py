"""Mappings: how a customs service's own export becomes the three tables.

These are the models of the TOML files; ``riskml.datasets.mapping_file`` reads them.
"""

import codecs
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from riskml.schemas import CommoditySystem

__all__ = [
    "ColumnSpec",
    "Condition",
    "ExportMapping",
    "LabelRule",
    "SourceSpec",
    "TableSpec",
    "UnitsByColumn",
]

TableName = Literal["manifests", "declarations", "inspections"]
Pick = Literal["first", "last", "earliest", "latest", "smallest", "largest", "sum"]


def _as_text(value: Any) -> Any:
    """Let TOML write tokens and constants as numbers or booleans, too."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Token = Annotated[str, BeforeValidator(_as_text)]
Tokens = Annotated[tuple[Token, ...], BeforeValidator(_as_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]

Condition = dict[str, Tokens]
"""Source columns and the values they may have: all of them must agree."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSpec(_Strict):
    """Where rows are read: files, or a table behind an SQLAlchemy URL.

    Attributes
    ----------
    files : tuple of str
        File names or globs inside the source folder, read in the order of their names.
    format : {"csv", "parquet"}
    encoding, delimiter, quote : str
        How a CSV file is written; an empty ``quote`` means that quotation marks are ordinary.
    url, url_env : str
        SQLAlchemy URL, or the environment variable that holds it (a password does not belong in
        a mapping). ``{source}`` stands for the source folder.
    table : str
        Table or view to read; ``schema.table`` where needed.
    missing : tuple of str
        Tokens that mean "missing" in every column, beside the blank.
    missing_by_column : mapping of str to tuple of str
        Tokens for single columns, instead of ``missing`` (``NA`` is also Namibia).
    optional : bool
        Whether its tables are left out, rather than refused, when no file matches.
    """

    files: Names = ()
    format: Literal["csv", "parquet"] = "csv"
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    url: str = ""
    url_env: str = ""
    table: str = ""
    missing: Tokens = ()
    missing_by_column: dict[str, Tokens] = Field(default_factory=dict)
    optional: bool = False

    @property
    def is_database(self) -> bool:
        """Whether rows come from a database."""
        return bool(self.url or self.url_env)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError(f"{value!r} is no encoding, use for instance latin-1") from error
        return value

    @field_validator("files")
    @classmethod
    def _inside_the_folder(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if not pattern or PurePath(pattern).is_absolute():
                raise ValueError(f"{pattern!r}: give a name or glob inside the source folder")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(map(bool, (self.files, self.url, self.url_env))) != 1:
            raise ValueError("give exactly one of files, url, url_env")
        if self.is_database and not self.table:
            raise ValueError("a database source needs the name of its table")
        return self


class UnitsByColumn(_Strict):
    """A multiplier that depends on the row's unit.

    Attributes
    ----------
    column : str
        Source column that holds the unit.
    factors : mapping of str to float
        Multiplier by unit; a row in any other unit gets a missing value.
    """

    column: str
    factors: dict[str, float]


class ColumnSpec(_Strict):
    """How one column of a table is made: exactly one origin, then how to read it.

    Attributes
    ----------
    source : str
        Source column (key ``from``).
    constant : str
        The same value for every row.
    join : tuple of str
        Source columns joined by ``separator``, missing ones left out, after ``prefix``.
    number_within : tuple of str
        Running number of the row among the rows that agree in these source columns, from 1.
    codes : mapping of str to str
        Code list, from the source's codes to ours.
    unlisted : {"keep", "missing"}
        What becomes of a value that ``codes`` does not list.
    pad : int
        Width to which codes are filled with zeros at the left.
    format : tuple of str
        ``strptime`` formats of a time; without one, ISO 8601.
    timezone : str
        Zone of times without an offset.
    offset_days : float
        Days added to a time.
    multiplier : float
        Factor of a number, for instance 0.001 from grams to kilograms.
    units : UnitsByColumn, optional
        Factor by the unit of the row.
    decimal, thousands : str
        Marks inside numbers.
    number : bool
        Whether an ``x_*`` column holds numbers.
    pick : str
        Which line speaks for the group where ``one_row_per`` merges lines.
    """

    source: str = Field(default="", alias="from")
    constant: Token = ""
    join: Names = ()
    separator: str = " "
    prefix: str = ""
    number_within: Names | None = None
    codes: dict[str, Token] = Field(default_factory=dict)
    unlisted: Literal["keep", "missing"] = "keep"
    pad: int = Field(default=0, ge=0, le=20)
    format: Names = ()
    timezone: str = "UTC"
    offset_days: float = Field(default=0.0, ge=-36_500, le=36_500)
    multiplier: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    units: UnitsByColumn | None = None
    decimal: str = Field(default=".", min_length=1, max_length=1)
    thousands: str = Field(default="", max_length=1)
    number: bool = False
    pick: Pick = "first"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone, use an IANA name") from error
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = (self.source, self.constant, self.join, self.number_within is not None)
        if sum(map(bool, given)) != 1:
            raise ValueError("give exactly one of from, constant, join, number_within")
        return self


class LabelRule(_Strict):
    """When the outcome is a violation: any condition of a list suffices.

    Attributes
    ----------
    violation_when, no_violation_when : tuple of Condition
        Of merged lines, one line makes the violation, and all must agree for its absence; what
        satisfies neither has no result.
    """

    violation_when: tuple[Condition, ...] = Field(min_length=1)
    no_violation_when: tuple[Condition, ...] = Field(min_length=1)


def _short_column(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class TableSpec(_Strict):
    """One table made from one source.

    Attributes
    ----------
    source : str
        Name of the source.
    one_row_per : tuple of str
        Source columns; lines that agree in them are merged into one row.
    keep_when, drop_when : tuple of Condition
        Lines to keep (any condition suffices), and lines to leave out.
    same_names : bool
        Take every source column that already bears a name of the vocabulary, or ``x_*``.
    columns : mapping of str to ColumnSpec
        A text is short for ``{from = text}``.
    result : LabelRule, optional
        The label rule; of inspections only.
    """

    source: str
    one_row_per: Names = ()
    keep_when: tuple[Condition, ...] = ()
    drop_when: tuple[Condition, ...] = ()
    same_names: bool = False
    columns: dict[str, Annotated[ColumnSpec, BeforeValidator(_short_column)]] = Field(
        default_factory=dict
    )
    result: LabelRule | None = None


class ExportMapping(_Strict):
    """A whole mapping.

    Attributes
    ----------
    name, description : str
    commodity_system : {"HS", "other"}
        Whether commodity codes must be HS codes of 4 to 10 digits.
    sources : mapping of str to SourceSpec
    tables : mapping of str to TableSpec
    """

    name: str
    description: str = ""
    commodity_system: CommoditySystem = "HS"
    sources: dict[str, SourceSpec] = Field(min_length=1)
    tables: dict[TableName, TableSpec] = Field(min_length=1)
