"""Time x entity: known parties later in time, and parties that were never learned from.

A model that only remembers who was caught shines on the former and knows nothing of the latter.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.evaluation.ranking import FloatArray
from riskml.evaluation.splits import Fold
from riskml.evaluation.summary import Rows, summarise

__all__ = ["PARTY_SLICES", "learned_before", "party_slices", "split_by_party"]

BoolArray = npt.NDArray[np.bool_]

PARTY_SLICES = ("known_party", "unseen_party")
"""Judged parties that were learned from before, and those that never were."""
_ARTICLES = {"known_party": "a known", "unseen_party": "an unseen"}


def split_by_party(fold: Fold, party: pd.Series) -> dict[str, BoolArray]:
    """Split the judged rows of a fold by whether their party was learned from.

    Parameters
    ----------
    fold : Fold
        One step through time.
    party : Series of object, shape (n,)
        Party of each row; missing where nobody is named.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        `PARTY_SLICES`; together they hold every judged row that names a party.
    """
    learned = set(party[fold.train].dropna())
    named = party.notna().to_numpy() & fold.test
    known = party.isin(learned).to_numpy() & named
    return {"known_party": known, "unseen_party": named & ~known}


def learned_before(
    party: pd.Series, known_at: pd.Series, judged: pd.Series, start: pd.Series
) -> npt.NDArray[np.object_]:
    """Say of judged rows whether an outcome of their party was known before they were judged.

    Parameters
    ----------
    party, known_at : Series, shape (n,)
        Labelled rows: party, and when the label was known.
    judged, start : Series, shape (m,)
        Judged rows: party, and when the slice that they belong to began.

    Returns
    -------
    ndarray of object, shape (m,)
        True, False, or None where nobody is named.
    """
    first = known_at.groupby(party.to_numpy()).min()
    since = judged.map(first)
    known = (since < start.to_numpy()).to_numpy(dtype=object)
    known[judged.isna().to_numpy()] = None
    return np.asarray(known, dtype=object)


def party_slices(
    rows: Rows, scores: FloatArray, probabilities: FloatArray, known: object, **options: Any
) -> dict[str, Any]:
    """Measure a score on known and on unseen parties apart.

    Parameters
    ----------
    rows : Rows
        Labels, weights, and what the bootstrap draws.
    scores, probabilities : ndarray of float64, shape (n,)
    known : array-like of object, shape (n,), or None
        From `learned_before`; None if nobody can say.
    options
        Of `riskml.evaluation.summary.summarise`.

    Returns
    -------
    dict
        Each of `PARTY_SLICES`: ``status``, and ``rows``, ``positives``, ``model`` or ``reason``.
    """
    values = np.full(len(rows.labels), None, dtype=object)
    if known is not None:
        values = np.asarray(known, dtype=object)
    masks = {"known_party": values == True, "unseen_party": values == False}  # noqa: E712
    if not any(mask.any() for mask in masks.values()):
        reason = "no party is named, so known and unseen ones cannot be told apart"
        return {name: {"status": "not_applicable", "reason": reason} for name in PARTY_SLICES}
    found: dict[str, Any] = {}
    for name, here in masks.items():
        if not here.any():
            reason = (
                f"no judged row has {'a known' if name == 'known_party' else 'an unseen'} party"
            )
            found[name] = {"status": "not_applicable", "reason": reason}
            continue
        part = rows.take(here)
        found[name] = {
            "status": "ok",
            "rows": int(here.sum()),
            "positives": int(part.labels.sum()),
            "model": summarise(part, scores[here], probabilities=probabilities[here], **options),
        }
    return found
