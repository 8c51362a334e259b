"""From the daily frame to the figures that count: shares of a reference, regret, recovery."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from riskml.errors import UsageError

__all__ = ["WINDOW", "recovery", "regret", "summarise", "windows"]

UPPER = ("full_information", "oracle")
"""References of which percentages are given."""
WINDOW = 28
"""Days of the windows over which recovery is judged."""
BEFORE = 3
"""Windows before a shift whose mean is the former level."""
ENOUGH = 0.9
"""Share of the former level that counts as recovered."""


def summarise(
    daily: pd.DataFrame, total: pd.DataFrame, shift: date | None = None
) -> list[dict[str, Any]]:
    """Return one row of figures per policy.

    Parameters
    ----------
    daily : DataFrame
        From `riskml.policy.account.account`, of several policies (and perhaps seeds, whose days
        are then added up).
    total : DataFrame
        From `riskml.policy.account.everything`, of the same days.
    shift : date, optional
        Day of a planted shift: the weeks until recovery are counted from it.

    Returns
    -------
    list of dict
        ``policy``; ``inspected`` (share of the arrivals); ``found`` and ``violations``;
        ``hit rate``; ``false scans`` per violation; ``recall`` overall, of importers never seen and
        per type; percent of each reference that was rehearsed, by expected violations and by
        revenue; ``times rules`` and
        ``times legacy``; ``weeks to recover``.
    """
    sums = daily.groupby("policy", sort=False).sum(numeric_only=True)
    all_of = total.sum(numeric_only=True)
    types = [name for name in all_of.index if name.startswith("type_")]
    rows = []
    for name in map(str, sums.index):
        own = _numbers(sums, name)
        row: dict[str, Any] = {
            "policy": name,
            "inspected %": 100 * own["picks"] / own["arrivals"],
            "violations": int(own["violations"]),
            "found": int(own["found"]),
            "expected": own["expected"],
            "hit rate %": 100 * own["violations"] / max(own["picks"], 1),
            "false scans": _ratio(own["picks"] - own["violations"], own["violations"]),
            "recall %": _percent(own["violations"], all_of["violations"]),
            "recall newcomers %": _percent(own["newcomers"], all_of["newcomers"]),
        }
        row |= {f"recall {t.removeprefix('type_')} %": _percent(own[t], all_of[t]) for t in types}
        for rival in UPPER:
            if rival in sums.index:
                best = _numbers(sums, rival)
                row[f"% of {rival}"] = _percent(own["expected"], best["expected"])
                row[f"revenue % of {rival}"] = _percent(own["worth"], best["worth"])
        for rival in ("rules", "legacy"):
            if rival in sums.index:
                row[f"times {rival}"] = _ratio(own["expected"], sums["expected"][rival])
        if shift is not None:
            row["weeks to recover"] = recovery(daily[daily["policy"] == name], shift)
        rows.append(row)
    return rows


def regret(daily: pd.DataFrame, rival: str = "oracle") -> pd.DataFrame:
    """Return how far each policy has fallen behind a reference, in expected violations.

    Returns
    -------
    DataFrame
        One row per day, one column per policy: the running sum.

    Raises
    ------
    UsageError
        If that reference was not rehearsed.
    """
    wide = daily.pivot_table(index="date", columns="policy", values="expected", aggfunc="sum")
    if rival not in wide:
        raise UsageError(f"regret needs the reference {rival}", f"rehearse {rival} too")
    behind = wide.rsub(wide[rival], axis=0)
    return behind.drop(columns=rival).cumsum()


def windows(own: pd.DataFrame, shift: date) -> pd.Series:
    """Return expected violations found in windows of `WINDOW` days, numbered from a shift.

    Window 0 begins on the day of the shift, window -1 ends the day before; incomplete ones are left
    out.

    Parameters
    ----------
    own : DataFrame
        Days of one policy, perhaps of several seeds: ``date, expected``.
    """
    days = pd.Series([(day - shift).days for day in own["date"]], index=own.index)
    number = np.floor_divide(days, WINDOW)
    sums = own["expected"].groupby(number).sum()
    first, last = min(own["date"]), max(own["date"])
    whole = [
        n
        for n in sums.index
        if shift + timedelta(days=int(n) * WINDOW) >= first
        and shift + timedelta(days=int(n + 1) * WINDOW - 1) <= last
    ]
    return sums.loc[whole]


def recovery(own: pd.DataFrame, shift: date) -> float | None:
    """Return after how many weeks a policy finds 90 % again of what it found before a shift.

    The former level is the mean of the three 4-week windows before it. Windows of 28 days move on
    by a week, the first beginning on the day of the shift; what counts is the end of the first that
    reaches 90 % and after which none of the next four weeks' falls below it again.

    Returns
    -------
    float or None
        Weeks from the shift to the end of that window; None if it never comes, or if the days do
        not reach so far.
    """
    before = windows(own, shift)
    former = before[(before.index < 0) & (before.index >= -BEFORE)]
    if not len(former):
        return None
    level = ENOUGH * float(former.mean())
    per_day = own.groupby("date")["expected"].sum()
    days = pd.Series([(day - shift).days for day in per_day.index])
    last = int(days.max())
    reached = []
    for week in range((last + 1 - WINDOW) // 7 + 1):
        inside = (days >= 7 * week) & (days < 7 * week + WINDOW)
        reached.append(float(per_day.to_numpy()[inside].sum()) >= level)
    for week, _ in enumerate(reached):
        if all(reached[week : week + 4]):
            return float(week + WINDOW // 7)
    return None


def _numbers(sums: pd.DataFrame, name: str) -> dict[str, float]:
    values = sums.loc[[name]].to_numpy(np.float64)[0].tolist()
    return dict(zip(map(str, sums.columns), values, strict=True))


def _ratio(above: float, below: float) -> float | None:
    return float(above / below) if below > 0 else None


def _percent(part: float, whole: float) -> float | None:
    found = _ratio(part, whole)
    return None if found is None else 100 * found
