"""RK001 and RK002: labels glued to raw values, alone or in combination.

The search for the combination is two-fold. First a *core*: columns are added one at a time while
a look-up on them predicts better, then dropped while it does not get worse. It is searched
within the earlier slice alone (memorised on its first part, chosen on its last), so the hit
rate on the later slice is not flattered by the search. Then the *glue*: a generator that copies
whole combinations copies them together, so every column that recurs with the core belongs to
the tuple. A column is glued if asking for it as well costs almost no recurrence, although it
would cost much if its values were shuffled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.evaluation.checks.finding import Finding
from riskml.evaluation.checks.lookup import FloatArray, IntArray, Lookup, RawCodes, encode_columns
from riskml.evaluation.metrics import at_rate
from riskml.evaluation.summary import Rows, difference

__all__ = ["Slices", "check_golden_column", "check_golden_tuple"]

RATE = 0.05
GOLDEN = 0.9
"""A hit rate at 5 % that no honest look-up reaches ..."""
GOLDEN_LIFT = 2.0
"""... unless violations are that common anyway."""
SMALLEST_GAIN = 0.01
MOST_COLUMNS = 10
GLUED = 0.97
LOOSE = 0.8
MOST_ROWS = 200_000
FEWEST_POSITIVES = 10
FEWEST_ROWS = 10
FAR_BETTER = 0.1
"""By how much the look-up's hit rate must beat the model's, with its whole interval ..."""
BETTER_TOGETHER = 0.05
"""... or, where it is golden, that of its best single column."""


@dataclass(frozen=True)
class Slices:
    """Labelled rows of two periods with their raw values.

    Attributes
    ----------
    raw : DataFrame
        Raw columns, one row per consignment, identifiers of rows left out.
    labels : ndarray of float64, shape (n,)
        0 or 1.
    earlier, later : ndarray of int64
        Row numbers, in order of time.
    scores : ndarray of float64, shape (n_later,), optional
        The model's scores of the later rows.
    """

    raw: pd.DataFrame
    labels: FloatArray
    earlier: IntArray
    later: IntArray
    scores: FloatArray | None = None

    def too_small(self) -> str:
        """Return why no look-up can be judged here, or nothing."""
        for name, rows in (("earlier", self.earlier), ("later", self.later)):
            positives = int(self.labels[rows].sum()) if len(rows) else 0
            if positives < FEWEST_POSITIVES:
                return f"the {name} slice has {positives} violations, {FEWEST_POSITIVES} are needed"
        return "" if len(self.raw.columns) else "there is no raw column to look up"


def check_golden_column(slices: Slices) -> Finding:
    """RK002: the exact value of one raw column predicts the outcome by itself.

    Either a look-up on the whole column is nearly perfect at the rate, or one value of it is
    nearly always in violation, in both slices: a code that is written once the outcome is known.
    """
    title = "Golden single column"
    why = slices.too_small()
    if why:
        return Finding("RK002", title, "not_applicable", f"Not looked for: {why}.")
    codes = encode_columns(slices.raw)
    columns = {
        codes.names[column]: rate
        for column in range(len(codes.names))
        if _is_golden(rate := _hit_rate(codes, [column], slices), slices)
    }
    values = [
        v for name in codes.names if name not in columns for v in _golden_values(name, slices)
    ]
    if not columns and not values:
        return Finding("RK002", title, "ok", "No single raw column predicts the outcome by itself.")
    named = [
        f"{name} (look-up hit rate {rate:.3f} at {RATE:.0%})" for name, rate in columns.items()
    ]
    named += [f"{v['column']} = {v['value']!r} ({v['hits']} of {v['rows']})" for v in values]
    sentence = (
        f"The exact value of a single column, seen before, nearly gives the outcome away on the "
        f"later slice: {', '.join(named)}; was it written at or after "
        "the inspection?"
    )
    details = {"rate": RATE, "hit_rates": columns, "values": values}
    return Finding("RK002", title, "found", sentence, details)


def _golden_values(name: str, slices: Slices) -> list[dict[str, Any]]:
    """Return the values of a column that are nearly always in violation, in both slices."""
    table = pd.DataFrame({"value": slices.raw[name].to_numpy(), "label": slices.labels})
    sums = [
        table.iloc[rows].groupby("value", dropna=True)["label"].agg(["sum", "count"])
        for rows in (slices.earlier, slices.later)
    ]
    earlier, later = sums[0].add_suffix("_earlier"), sums[1].add_suffix("_later")
    both = earlier.join(later, how="inner")
    golden = both[
        (both["count_earlier"] >= FEWEST_ROWS)
        & (both["sum_earlier"] >= GOLDEN * both["count_earlier"])
        & (both["count_later"] >= FEWEST_ROWS)
        & (both["sum_later"] >= GOLDEN * both["count_later"])
    ]
    if float(slices.labels[slices.later].mean()) > GOLDEN / GOLDEN_LIFT:
        return []
    return [
        {"column": name, "value": str(value), "hits": int(hits), "rows": int(count)}
        for value, hits, count in zip(
            golden.index, golden["sum_later"], golden["count_later"], strict=True
        )
    ]


def check_golden_tuple(slices: Slices, *, seed: int = 0) -> Finding:
    """RK001: the outcome is glued to a combination of raw values.

    Columns that RK002 names are left out: a combination with one of them would say nothing new.
    """
    title = "Leak by a look-up on a tuple of raw columns"
    why = slices.too_small()
    if why:
        return Finding("RK001", title, "not_applicable", f"Not looked for: {why}.")
    codes = encode_columns(slices.raw)
    allowed = [
        column
        for column in range(len(codes.names))
        if not _is_golden(_hit_rate(codes, [column], slices), slices)
    ]
    core = _core(codes, allowed, slices)
    if len(core) < 2:
        sentence = "No combination of raw columns predicts better than its best single column."
        return Finding("RK001", title, "ok", sentence)
    columns = _with_glue(codes, core, allowed, slices, seed)
    return _verdict(title, codes, core, columns, slices, seed)


def _core(codes: RawCodes, allowed: Sequence[int], slices: Slices) -> list[int]:
    """Search the smallest combination that predicts best, inside the earlier slice."""
    recent = slices.earlier[-MOST_ROWS:]
    cut = int(0.75 * len(recent))
    first, last = recent[:cut], recent[cut:]
    if slices.labels[first].sum() < 1 or slices.labels[last].sum() < 1:
        return []

    def value(columns: list[int]) -> float:
        lookup = Lookup.memorise(codes.joint(columns), slices.labels, first, last)
        return at_rate(slices.labels[last], lookup.scores, RATE).hit_rate

    chosen: list[int] = []
    best = float(slices.labels[last].mean())
    while len(chosen) < MOST_COLUMNS:
        trials = {c: value([*chosen, c]) for c in allowed if c not in chosen}
        column = max(trials, key=lambda c: trials[c], default=-1)
        if column < 0 or trials[column] < best + SMALLEST_GAIN:
            break
        chosen.append(column)
        best = trials[column]
    for column in list(chosen):
        rest = [c for c in chosen if c != column]
        if rest and value(rest) >= best - SMALLEST_GAIN / 2:
            chosen, best = rest, value(rest)
    return chosen


def _with_glue(
    codes: RawCodes, core: list[int], allowed: Sequence[int], slices: Slices, seed: int
) -> list[int]:
    """Add the columns that recur together with the core."""
    columns = list(core)
    later = np.isin(np.arange(len(codes.codes)), slices.later)
    while True:
        base = _coverage(codes, columns, slices)
        rest = [c for c in allowed if c not in columns]
        kept = {c: _coverage(codes, [*columns, c], slices) / base for c in rest} if base else {}
        candidates = sorted((c for c in kept if kept[c] >= GLUED), key=lambda c: -kept[c])
        glued = next(
            (c for c in candidates if _loose(codes, columns, c, later, slices, seed, base)), None
        )
        if glued is None:
            return sorted(columns)
        columns.append(glued)


def _loose(
    codes: RawCodes,
    columns: list[int],
    column: int,
    later: npt.NDArray[np.bool_],
    slices: Slices,
    seed: int,
    base: float,
) -> bool:
    """Return whether shuffling the column breaks recurrence; a near-constant one breaks nothing."""
    shuffled = codes.shuffled(column, later, seed)
    return _coverage(shuffled, [*columns, column], slices) / base <= LOOSE


def _coverage(codes: RawCodes, columns: Sequence[int], slices: Slices) -> float:
    return _memorised(codes, columns, slices).coverage


def _memorised(codes: RawCodes, columns: Sequence[int], slices: Slices) -> Lookup:
    return Lookup.memorise(codes.joint(columns), slices.labels, slices.earlier, slices.later)


def _hit_rate(codes: RawCodes, columns: Sequence[int], slices: Slices) -> float:
    scores = _memorised(codes, columns, slices).scores
    return at_rate(slices.labels[slices.later], scores, RATE).hit_rate


def _is_golden(rate: float, slices: Slices) -> bool:
    return rate >= max(GOLDEN, min(GOLDEN_LIFT * float(slices.labels[slices.later].mean()), 0.99))


def _gain(
    y: FloatArray, scores: FloatArray, rival: FloatArray, seed: int
) -> dict[str, float | None]:
    """Return by how much one score's hit rate beats another's, with its paired interval."""
    found = difference(Rows.of(y), scores, rival, rates=(RATE,), resamples=200, seed=seed)
    return found[f"hit_rate@{RATE:g}"]


def _verdict(
    title: str,
    codes: RawCodes,
    core: list[int],
    columns: list[int],
    slices: Slices,
    seed: int,
) -> Finding:
    y = slices.labels[slices.later]
    lookup = _memorised(codes, columns, slices)
    rate = at_rate(y, lookup.scores, RATE).hit_rate
    best = max(columns, key=lambda column: _hit_rate(codes, [column], slices))
    alone = _memorised(codes, [best], slices).scores
    names = [codes.names[column] for column in columns]
    details: dict[str, object] = {
        "columns": names,
        "core": [codes.names[column] for column in core],
        "rate": RATE,
        "lookup_hit_rate": rate,
        "best_single_column": codes.names[best],
        "best_single_column_hit_rate": _hit_rate(codes, [best], slices),
        "base_rate": float(y.mean()),
        "coverage": lookup.coverage,
    }
    better = False
    beside = f"chance has {y.mean():.3f}"
    if slices.scores is not None:
        model = at_rate(y, slices.scores, RATE).hit_rate
        gain = _gain(y, lookup.scores, slices.scores, seed)
        details |= {"model_hit_rate": model, "gain_over_model": gain}
        better = (gain["low"] or 0.0) > FAR_BETTER
        beside = f"the model has {model:.3f}, chance {y.mean():.3f}"
    tuple_name = f"({', '.join(names)})"
    numbers = (
        f"hit rate {rate:.3f} at {RATE:.0%} on the later slice, where {beside}; "
        f"{lookup.coverage:.0%} of its rows repeat an earlier combination"
    )
    together = _gain(y, lookup.scores, alone, seed)
    details["gain_over_single_column"] = together
    golden = _is_golden(rate, slices) and (together["low"] or 0.0) > BETTER_TOGETHER
    if better or golden:
        sentence = (
            f"The outcome is glued to {len(names)} columns {tuple_name}: a look-up on their exact "
            f"values, memorised on the earlier slice, has {numbers}. Do not trust a good score "
            "on this data."
        )
        return Finding("RK001", title, "found", sentence, details)
    sentence = f"The best look-up, on {tuple_name}, has {numbers}: no sign of a leak."
    return Finding("RK001", title, "ok", sentence, details)
