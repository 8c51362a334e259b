"""What is said of a column and of a table; ``riskml.schemas.vocabulary`` says it."""

from dataclasses import dataclass
from typing import Literal

from riskml.schemas.naming import flag_name

__all__ = [
    "CODED_KINDS",
    "INTEGER_COLUMNS",
    "RAW_CONTAINER",
    "Column",
    "Kind",
    "TableSchema",
]

Kind = Literal[
    "text",
    "identifier",
    "choice",
    "time",
    "money",
    "mass",
    "count",
    "number",
    "rate",
    "country",
    "port",
    "container",
    "commodity",
]

CODED_KINDS: tuple[Kind, ...] = ("country", "port", "container", "commodity")
"""Kinds whose unknown values become missing plus a flag."""

INTEGER_COLUMNS = ("line_no", "revision")
"""The only int64 columns; every other number is float64, so that it can be missing."""

RAW_CONTAINER = "container_no_raw"
"""Keeps the container number as it was given, whether or not it passes its check."""


@dataclass(frozen=True)
class Column:
    """One column of one table.

    Attributes
    ----------
    name : str
        Name in the normal form.
    kind : Kind
        How the column is read and checked.
    meaning : str
        One line for the data dictionary.
    required : bool
        Whether a row without it is quarantined.
    choices : tuple of str
        Allowed values of a ``choice``.
    low, high : float
        Bounds, both allowed; for numbers only.
    above_low : bool
        Whether ``low`` itself is forbidden.
    whole : bool
        Whether only whole numbers are allowed.
    unit : str
        Unit of a number.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1e15
    above_low: bool = False
    whole: bool = False
    unit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in {"money", "mass", "count", "number", "rate"}

    @property
    def is_coded(self) -> bool:
        """Whether an unknown value becomes missing plus a flag."""
        return self.kind in CODED_KINDS


@dataclass(frozen=True)
class TableSchema:
    """One table: its columns in order, what identifies a row, and when it happened.

    Attributes
    ----------
    name : str
        ``manifests``, ``declarations`` or ``inspections``.
    columns : tuple of Column
        In the order in which tables are written.
    identity : tuple of str
        Columns that identify a row apart from its ``revision``.
    event_time : str
        The column of the event time that every row has.
    """

    name: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    event_time: str

    def get(self, name: str) -> Column | None:
        """Return a column by name, or None if the vocabulary has no such name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table is refused."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def coded(self) -> tuple[Column, ...]:
        """Columns whose unknown values become missing plus a flag."""
        return tuple(column for column in self.columns if column.is_coded)

    @property
    def companions(self) -> tuple[str, ...]:
        """Columns that validation itself writes: flags, and container numbers as given."""
        flags = tuple(flag_name(column.name) for column in self.coded)
        has_container = any(column.kind == "container" for column in self.columns)
        return (*flags, RAW_CONTAINER) if has_container else flags
