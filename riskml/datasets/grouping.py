"""Merging lines: which lines belong to one row, and which of them speaks for it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskml.datasets.mapping import Pick
from riskml.schemas.reading import Reading, read_number, read_text, read_time

__all__ = ["Groups", "group_lines", "pick_lines"]


@dataclass(frozen=True)
class Groups:
    """Lines in groups, numbered in the order in which they first appear.

    Attributes
    ----------
    of_line : ndarray of int64, shape (n_lines,)
        Group of each line.
    first : ndarray of int64, shape (n_groups,)
        Position of the first line of each group, ascending.
    """

    of_line: np.ndarray
    first: np.ndarray

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.first)


def group_lines(lines: pd.DataFrame, keys: tuple[str, ...]) -> Groups:
    """Group lines that agree in ``keys``; a line without a complete key stays alone.

    Parameters
    ----------
    lines : DataFrame
        Lines of a source.
    keys : tuple of str
        Columns of it.

    Returns
    -------
    Groups
    """
    texts = pd.DataFrame({key: read_text(lines[key]) for key in keys}, index=lines.index)
    alone = texts.isna().any(axis=1).to_numpy()
    texts["_alone"] = np.where(alone, np.arange(len(lines)), -1)
    of_line = texts.groupby([*keys, "_alone"], sort=False, dropna=False).ngroup().to_numpy()
    first = np.flatnonzero(~pd.Series(of_line).duplicated().to_numpy())
    return Groups(of_line.astype(np.int64), first)


def pick_lines(values: pd.Series, how: Reading, pick: Pick, groups: Groups) -> np.ndarray:
    """Return the position of the line that speaks for each group.

    Parameters
    ----------
    values : Series
        The column as given, one value a line.
    how : Reading
        How to read it.
    pick : str
        ``first`` and ``last`` mean the first and last line that has a value; ``earliest`` and
        ``latest`` compare times, ``smallest`` and ``largest`` numbers.
    groups : Groups
        Lines in groups.

    Returns
    -------
    positions : ndarray of int64, shape (n_groups,)

    Notes
    -----
    A value that was given but cannot be read wins its group, so that validation names it rather
    than losing it; a missing value never wins over a present one; of equals the first line wins.
    """
    rank, unreadable = _rank(values, how, pick)
    missing = np.isnan(rank) & ~unreadable
    standing = np.where(missing, 1, np.where(unreadable, -1, 0))
    order = np.lexsort((np.arange(len(values)), np.nan_to_num(rank), standing, groups.of_line))
    leader = np.diff(groups.of_line[order], prepend=-1) != 0
    positions: np.ndarray = order[leader]
    return positions


def _rank(values: pd.Series, how: Reading, pick: Pick) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers by which the lowest line of a group wins; NaN where a value is missing."""
    if pick in {"first", "last"}:
        line = np.arange(len(values), dtype=np.float64)
        given = read_text(values).notna().to_numpy()
        return np.where(given, line if pick == "first" else -line, np.nan), np.zeros(
            len(values), dtype=bool
        )
    if pick in {"earliest", "latest"}:
        times, unreadable = read_time(values, how)
        instants = times.to_numpy(dtype="datetime64[us]")
        # Microseconds since 1970 stay whole in float64 for 285 years on either side.
        rank = np.where(np.isnat(instants), np.nan, instants.astype(np.int64))
    else:
        rank, unreadable = read_number(values, how)
    return (-rank if pick in {"latest", "largest"} else rank), unreadable
