"""The quarantine file: which row broke which rule, in which column, with which value."""

from pathlib import Path

import pandas as pd

from riskml.schemas import QUARANTINE_COLUMNS

__all__ = ["defuse", "write_quarantine"]

_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
_LONGEST_VALUE = 500


def defuse(text: pd.Series) -> pd.Series:
    """Keep spreadsheets from reading a cell as a formula, by an apostrophe before it.

    Parameters
    ----------
    text : Series of str

    Returns
    -------
    Series of str
        Cells that start with ``= + - @``, a tab or a carriage return get an apostrophe first,
        unless they are a plain number, which a spreadsheet reads as itself.

    Examples
    --------
    >>> defuse(pd.Series(["=1+1", "plain", "-5", "-5+cmd"])).tolist()
    ["'=1+1", 'plain', '-5', "'-5+cmd"]
    """
    safe = ~text.str.startswith(_STARTS) | text.str.fullmatch(_PLAIN_NUMBER)
    return text.where(safe, "'" + text)


def write_quarantine(quarantine: pd.DataFrame, path: Path) -> None:
    """Write quarantine lines as CSV (UTF-8) that is safe to open in a spreadsheet.

    Values of more than 500 characters are cut.

    Parameters
    ----------
    quarantine : DataFrame
        Columns ``file, row, rule, column, value``.
    path : Path
        File to write; its folder exists.
    """
    safe = quarantine.assign(
        file=defuse(quarantine["file"]),
        column=defuse(quarantine["column"]),
        value=defuse(quarantine["value"].str.slice(0, _LONGEST_VALUE)),
    )
    safe[list(QUARANTINE_COLUMNS)].to_csv(path, index=False, lineterminator="\n")
