"""What a notebook hands to an estimator, turned into described feature columns.

A DataFrame's text, category and object columns are categories, its numbers and truth values are
numbers; anything else is refused by name. What cannot teach anything, or is taken as missing, is
said aloud.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.bundle import Encoder
from riskml.bundle.bundle import booster_names
from riskml.errors import InputError
from riskml.features import Feature, FeatureSet

__all__ = ["columns_of", "cut_short", "described", "remarks"]

WORTH_SAYING = 0.05
"""Categories that are cut are spoken of if at least this share of rows has one of them."""
NOTEBOOK = "notebook"
"""Stage of a feature set that no decision point of ours computes."""


def described(frame: pd.DataFrame, monotone: Mapping[str, int] | None) -> FeatureSet:
    """Return the feature set of a frame's columns.

    Parameters
    ----------
    frame : DataFrame
        From `columns_of`.
    monotone : mapping of str to {-1, 0, 1}, optional
        Direction in which risk is known to move with a number.

    Raises
    ------
    InputError
        If a sign is none, or belongs to no column or to a category; or if LightGBM cannot tell two
        columns apart.
    """
    signs = dict(monotone or {})
    for name, sign in signs.items():
        if name not in frame or frame[name].dtype == object:
            what = "a category" if name in frame else "no column"
            raise InputError(f"monotone names {name!r}, which is {what}", "name numbers only")
        if sign not in {-1, 0, 1}:
            raise InputError(f"monotone sign {sign!r} of {name!r} is none", "use -1, 0 or 1")
    features = tuple(
        Feature(
            name,
            "category" if frame[name].dtype == object else "number",
            NOTEBOOK,
            name,
            name,
            sign=signs.get(name, 0),
        )
        for name in map(str, frame)
    )
    found = FeatureSet(NOTEBOOK, 1, NOTEBOOK, features)
    stored = pd.Series(booster_names(found))
    twice = stored.duplicated(keep=False).to_numpy()
    if twice.any():
        same = " and ".join(repr(found.names[at]) for at in np.flatnonzero(twice)[:2])
        raise InputError(f"columns {same} are one to LightGBM", "rename one of them")
    return found


def columns_of(given: pd.DataFrame | npt.NDArray[Any]) -> pd.DataFrame:
    """Return float64 columns for numbers and object columns, missing as None, for categories.

    Parameters
    ----------
    given : DataFrame or ndarray of float64, shape (n, p)
        Columns of an array are named ``x0``, ``x1`` and so on.

    Raises
    ------
    InputError
        If a column is neither number nor text, or there twice; it is named.
    """
    if not isinstance(given, pd.DataFrame):
        plain = pd.DataFrame(np.asarray(given, dtype=np.float64))
        return plain.set_axis([f"x{position}" for position in range(given.shape[1])], axis=1)
    labels = pd.Series([str(name) for name in given.columns], dtype=object)
    if labels.duplicated().any():
        twice = labels[labels.duplicated()].iloc[0]
        raise InputError(f"column {twice} is there twice", "rename or drop one")
    columns = [_column(str(name), given.iloc[:, at]) for at, name in enumerate(given.columns)]
    return pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(len(given)))


def _column(name: str, values: pd.Series) -> pd.Series:
    values = values.reset_index(drop=True).rename(name)
    kind = values.dtype
    if pd.api.types.is_complex_dtype(kind):
        raise InputError(f"column {name} holds complex data", "give real numbers")
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan), name=name)
    if pd.api.types.is_object_dtype(kind):
        return _mixed(name, values)
    if isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_string_dtype(kind):
        return values.astype(object).where(values.notna(), None)
    raise InputError(f"column {name} is of type {kind}", "give numbers or text, or leave it out")


def _mixed(name: str, values: pd.Series) -> pd.Series:
    """Return an object column of plain values as category."""
    for value in values[values.notna()]:
        if not isinstance(value, str | int | float | bool | np.generic):
            raise InputError(
                f"column {name} holds a {type(value).__name__}", "give numbers or text"
            )
    return values.where(values.notna(), None)


def remarks(frame: pd.DataFrame, encoder: Encoder) -> Iterator[str]:
    """Yield, column by column, what was not learned from, and why."""
    for name in map(str, frame):
        values = frame[name]
        if values.dtype == object:
            found = values.nunique()
            kept = len(encoder.vocabularies[name])
            if found > kept:
                yield (
                    f"column {name}: {found} categories, {kept} kept; the others are rare or too "
                    "many and count as missing"
                )
        elif np.isinf(values).any():
            yield f"column {name}: {int(np.isinf(values).sum())} infinite values count as missing"
        if values.nunique() < 2 and not values.isna().any():
            yield f"column {name} is constant: nothing can be learned from it"
        if values.isna().all():
            yield f"column {name} is empty: nothing can be learned from it"


def cut_short(rows: pd.DataFrame, encoder: Encoder) -> Iterator[str]:
    """Yield what the features of a stage lose before they are learned from.

    Parameters
    ----------
    rows : DataFrame
        Feature frame that the encoder was fitted on.
    encoder : Encoder

    Yields
    ------
    str
        One sentence on infinite values, one on categories that are rare or too many, each naming
        the features. (Features that never vary are named by check RK008.)
    """
    infinite, cut = [], []
    for feature in encoder.feature_set.features:
        values = rows[feature.name]
        if feature.kind == "category":
            known = values.notna()
            lost = known & ~values.isin(encoder.vocabularies[feature.name])
            if lost.sum() >= WORTH_SAYING * len(rows) and lost.any():
                kept = len(encoder.vocabularies[feature.name])
                cut.append(f"{feature.name} ({values.nunique()} categories, {kept} kept)")
        elif count := int(np.isinf(values.to_numpy(dtype=np.float64)).sum()):
            infinite.append(f"{feature.name} ({count})")
    if infinite:
        yield f"infinite values count as missing: {', '.join(infinite)}"
    if cut:
        yield f"rare categories, or too many, count as missing: {', '.join(cut)}"
