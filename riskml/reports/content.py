"""What a report is made of: data, with no thought of how it will look.

A `Report` holds sections, a section holds blocks. Cells keep their values (a count, a `Rate`, a
date, a `Missing`); the language decides only when the report is rendered how they are written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import ClassVar, Literal

from riskml.reports.wording import Language

__all__ = [
    "Block",
    "Cell",
    "Column",
    "Dot",
    "DotChart",
    "Estimate",
    "Facts",
    "Figure",
    "KeyFigure",
    "KeyFigures",
    "Kind",
    "Missing",
    "Paragraph",
    "RankRange",
    "Rate",
    "Report",
    "Row",
    "RowRole",
    "Section",
    "Table",
]


class Missing(Enum):
    """Why there is no number. Never to be confused with zero."""

    UNKNOWN = "unknown"
    """It exists, but we were not told."""
    NOT_APPLICABLE = "not_applicable"
    """It does not exist: a share of nothing."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion with its confidence interval, all three in [0, 1].

    Attributes
    ----------
    successes, trials : int
        The counts it comes from; ``trials`` is positive.
    low, high : float
        Bounds of the interval.
    """

    successes: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The observed proportion."""
        return self.successes / self.trials


@dataclass(frozen=True, slots=True)
class RankRange:
    """The ranks that one of several may hold, as far as the data can tell; 1 is highest."""

    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Any estimated quantity with its interval; the bounds are None where there are none."""

    value: float
    low: float | None = None
    high: float | None = None


Cell = str | int | float | date | Rate | RankRange | Estimate | Missing
"""What a table may hold; blank text leaves a cell empty under any kind of column."""

Kind = Literal[
    "text", "prose", "count", "number", "share", "rate", "interval", "estimate", "estimated_share",
    "rank", "month", "day",
]  # fmt: skip
"""``rate`` and ``interval`` both show a `Rate`: its value, or its bounds. An estimate stands with
its bounds in one cell; prose may take several lines."""

RowRole = Literal["plain", "total", "rest"]


@dataclass(frozen=True, slots=True)
class Column:
    """A typed column; text stands left, everything else right."""

    title: str
    kind: Kind = "text"

    @property
    def align(self) -> Literal["left", "right"]:
        """The side its cells stand on."""
        return "left" if self.kind in {"text", "prose", "month", "day"} else "right"


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns; ``total`` and ``rest`` rows look apart."""

    cells: tuple[Cell, ...]
    role: RowRole = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under typed columns.

    Raises
    ------
    ValueError
        If a row has not one cell for each column.
    """

    block: ClassVar[str] = "table"

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"{len(self.columns)} columns, but {len(row.cells)} cells: {row}")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Prose; ``tone`` is ``lead`` for the opening sentence, ``note`` for small print."""

    block: ClassVar[str] = "paragraph"

    text: str
    tone: Literal["plain", "lead", "note"] = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with values, one below the other."""

    block: ClassVar[str] = "facts"

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A number that stands for itself, with what it says below."""

    label: str
    value: Cell
    kind: Kind = "count"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A few numbers side by side."""

    block: ClassVar[str] = "key_figures"

    items: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One line of a dot chart; a missing rate leaves the line empty but named."""

    label: str
    rate: Rate | Estimate | Missing


@dataclass(frozen=True, slots=True)
class DotChart:
    """Rates as dots with their intervals as whiskers, and one reference value.

    Attributes
    ----------
    dots : tuple of Dot
        From top to bottom.
    reference : float or None
        Where the dashed line stands.
    reference_label : str
        What it means.
    """

    dots: tuple[Dot, ...]
    reference: float | None = None
    reference_label: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart as data, with a description for those who cannot see it."""

    block: ClassVar[str] = "figure"

    title: str
    description: str
    chart: DotChart


Block = Paragraph | Facts | KeyFigures | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; a blank title means no heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says, in one language.

    Attributes
    ----------
    title, language, sections
        What it is called, the language of its words and numbers, what it says.
    kicker, subtitle : str
        The line above and below the title.
    footer : tuple of str
        Where it comes from: source, digest, version.
    """

    title: str
    language: Language
    sections: Sequence[Section]
    kicker: str = ""
    subtitle: str = ""
    footer: tuple[str, ...] = field(default=())
