"""The rows a model may learn from: labelled, matured, of both classes."""

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import roll_up
from riskml.errors import LabelError
from riskml.labels import label_consignments

__all__ = ["label_hint", "learnable_rows"]


def learnable_rows(
    frame: pd.DataFrame, until: datetime | None = None, hint: Callable[[], str] | None = None
) -> pd.DataFrame:
    """Return matured rows with a label, in order of decision time.

    Parameters
    ----------
    frame : DataFrame
        Feature frame whose labels are those known before ``until``.
    until : datetime, optional
        Named in messages only.
    hint : callable, optional
        Says which later date has labels; asked only when there are too few.

    Returns
    -------
    DataFrame

    Raises
    ------
    LabelError
        If nothing is labelled, nothing has matured, or only one class has.
    """
    when = "" if until is None else f" before {until:%Y-%m-%d %H:%M} UTC"
    # Rows are taken once, at the end: a large frame is slow to copy.
    labelled = frame[["label", "label_known_at", "matured"]][frame["label"].notna()]
    remedy = hint() if hint is not None and len(labelled) < 2 else ""
    if not len(labelled):
        raise LabelError(f"no label is known{when}", remedy or "inspections must be closed first")
    rows = labelled[labelled["matured"].to_numpy(dtype=bool)]
    if not len(rows):
        last = labelled["label_known_at"].max()
        raise LabelError(
            f"none of {len(labelled)} labels has matured{when}",
            remedy or f"the latest became known on {last:%Y-%m-%d}: use a later --until",
        )
    if rows["label"].nunique() < 2:
        kind = "in violation" if rows["label"].iloc[0] == 1 else "without violation"
        raise LabelError(
            f"all {len(rows)} matured labels{when} are {kind}",
            (hint() if hint is not None else "") or "use a later --until: both classes are needed",
        )
    found = frame if len(rows) == len(frame) else frame.loc[rows.index]
    return _in_order(found).reset_index(drop=True)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in order of decision time, and of consignment where that is the same."""
    if rows["decision_time"].is_monotonic_increasing and rows["decision_time"].is_unique:
        return rows
    return rows.sort_values(["decision_time", "consignment_id"], kind="stable")


def label_hint(tables: Tables, stage: str) -> Callable[[], str]:
    """Return a callable that says when the tables have labels of both classes."""

    def hint() -> str:
        labels = label_consignments(roll_up(tables, stage), tables)
        known = labels["label_known_at"].dropna()
        if not len(known):
            return "the data has no closed inspection of a consignment at this stage"
        first = f"the first label of the data is known on {known.min():%Y-%m-%d}"
        hits = labels.loc[labels["label"] == 1, "label_known_at"].dropna()
        if not len(hits):
            return f"{first}, but no violation ever is"
        return f"{first}, the first violation on {hits.min():%Y-%m-%d}: use a later --until"

    return hint
