"""Reports as plain text, for a terminal."""

import unicodedata
from collections.abc import Iterator, Sequence

from riskml.reports.content import Block, Facts, KeyFigures, Paragraph, Report, Table
from riskml.reports.formatting import format_cell
from riskml.reports.wording import Language

__all__ = ["render_text", "table_lines"]

GAP = "  "


def render_text(report: Report, *, tables_only: bool = False, most_rows: int | None = None) -> str:
    """Return a report as aligned plain text; figures are left to the other renderings.

    Control characters are dropped: a name from a file cannot steer the terminal.

    Parameters
    ----------
    report : Report
        What to render.
    tables_only : bool
        Leave out prose, key figures and facts.
    most_rows : int, optional
        Leave out tables that are longer.

    Returns
    -------
    str
        Lines, the last one ended too.
    """
    lines = [report.title, report.subtitle]
    for section in report.sections:
        body: list[str] = []
        for block in section.blocks:
            if _is_wanted(block, tables_only, most_rows):
                body += _block(block, report.language)
        if body:
            lines += ["", *filter(None, (section.title,)), *body]
    lines += ["", *report.footer]
    return "".join(f"{_clean(line)}\n" for line in lines)


def _is_wanted(block: Block, tables_only: bool, most_rows: int | None) -> bool:
    if isinstance(block, Table):
        return most_rows is None or len(block.rows) <= most_rows
    return not tables_only


def _block(block: Block, language: Language) -> Iterator[str]:
    if isinstance(block, Table):
        yield from table_lines(block, language)
    elif isinstance(block, Paragraph):
        yield block.text
    elif isinstance(block, Facts):
        for label, value in block.items:
            yield f"{label}: {value}"
    elif isinstance(block, KeyFigures):
        for item in block.items:
            notes = f" ({', '.join(item.notes)})" if item.notes else ""
            yield f"{item.label}: {format_cell(item.value, item.kind, language)}{notes}"


def table_lines(table: Table, language: Language) -> Iterator[str]:
    """Yield the lines of a table: header, rule, rows, note; control characters are dropped."""
    rows = [[_clean(column.title) for column in table.columns]]
    for row in table.rows:
        cells = zip(row.cells, table.columns, strict=True)
        rows.append([_clean(format_cell(cell, column.kind, language)) for cell, column in cells])
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    sides = [column.align for column in table.columns]
    header, *body = rows
    yield _line(header, widths, sides)
    yield GAP.join("─" * width for width in widths)
    for cells_of_row in body:
        yield _line(cells_of_row, widths, sides)
    if table.note:
        yield table.note


def _line(cells: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    padded = []
    for cell, width, side in zip(cells, widths, sides, strict=True):
        space = " " * (width - _width(cell))
        padded.append(cell + space if side == "left" else space + cell)
    return GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """Return the columns a text takes: none for combining marks, two for wide characters."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _clean(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf"})
