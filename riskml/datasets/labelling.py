"""The label rule of a mapping: from the codes of an export to violation or no violation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from riskml.datasets.grouping import Groups
from riskml.datasets.mapping import Condition, LabelRule
from riskml.schemas.reading import read_text

__all__ = ["label_outcomes", "matching"]


def matching(lines: pd.DataFrame, conditions: Sequence[Condition]) -> np.ndarray:
    """Say which lines satisfy one of the conditions.

    Parameters
    ----------
    lines : DataFrame
        Lines of a source.
    conditions : sequence of mapping
        Each names columns and the values they may have; all its columns must agree. An empty
        text stands for a blank.

    Returns
    -------
    ndarray of bool, shape (n_lines,)
    """
    found = np.zeros(len(lines), dtype=bool)
    for condition in conditions:
        agrees = np.ones(len(lines), dtype=bool)
        for column, values in condition.items():
            agrees &= read_text(lines[column]).fillna("").isin(values).to_numpy(dtype=bool)
        found |= agrees
    return found


def label_outcomes(
    lines: pd.DataFrame, rule: LabelRule, groups: Groups | None
) -> tuple[pd.Series, int]:
    """Apply a label rule.

    Parameters
    ----------
    lines : DataFrame
        Lines of a source.
    rule : LabelRule
        What makes a violation, and what its absence.
    groups : Groups or None
        Lines that are merged into one row.

    Returns
    -------
    result : Series of str
        ``violation`` if one line is in violation; ``no_violation`` if every line says so; missing
        where neither is known.
    unexplained : int
        Rows without result.
    """
    violation = matching(lines, rule.violation_when)
    cleared = matching(lines, rule.no_violation_when)
    if groups is not None:
        size = np.bincount(groups.of_line, minlength=groups.count)
        violation = np.bincount(groups.of_line, violation, groups.count) > 0
        cleared = np.bincount(groups.of_line, cleared, groups.count) == size
    result = pd.Series(np.where(cleared, "no_violation", ""), dtype="str")
    result = result.mask(violation, "violation")
    unexplained = int((result == "").sum())
    return result.mask(result == ""), unexplained
