"""Pictures as numbers: the templates draw them, so that no style stands in the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from riskml.explanation import REASON_CODES
from riskml.features.online import Item
from riskml.scoring.explained import by_reason
from serving.history import History

__all__ = ["Bar", "PartyChart", "party_charts", "waterfall"]

MOST_BARS = 10
WIDTH = 1000.0
MONTHS = 12
MONTH_DAYS = 30


@dataclass(frozen=True)
class Bar:
    """One step of the waterfall.

    Attributes
    ----------
    code : str
        Reason code; ``base``, ``rest`` or ``sum`` for the other steps.
    title_en, title_vi : str
    amount : float
        Log-odds.
    left, width : float
        On a scale of 0 to 1000.
    """

    code: str
    title_en: str
    title_vi: str
    amount: float
    left: float = 0.0
    width: float = 0.0

    @property
    def tone(self) -> str:
        """Name of the colour."""
        if self.code in ("base", "sum"):
            return "level"
        return "up" if self.amount > 0 else "down"


def waterfall(base: float, features: Sequence[Mapping[str, Any]], raw_score: float) -> list[Bar]:
    """Lay out the way from the base value to the raw score, by reason code.

    Parameters
    ----------
    base, raw_score : float
        Log-odds.
    features : sequence of mapping
        ``code`` and ``contribution`` of every feature.

    Returns
    -------
    list of Bar
        The base value, the strongest groups, the sum of the others, and the raw score. The
        amounts of all but the last add up to it.
    """
    sums = by_reason(features)
    named = [_named(code, amount) for code, amount in sums[:MOST_BARS]]
    rest = sum(amount for _, amount in sums[MOST_BARS:])
    steps = [Bar("base", "Base value", "Giá trị cơ sở", base), *named]
    if len(sums) > MOST_BARS:
        steps.append(Bar("rest", "All other evidence", "Các yếu tố khác", rest))
    ends = np.cumsum([step.amount for step in steps])
    starts = np.concatenate([[0.0], ends[:-1]])
    final = Bar("sum", "Raw score", "Điểm thô", raw_score)
    return _laid_out([*steps, final], [*starts, 0.0], [*ends, raw_score])


def _named(code: str, amount: float) -> Bar:
    found = REASON_CODES.get(code)
    if found is None:
        return Bar(code, code, code, amount)
    return Bar(code, found.title_en, found.title_vi, amount)


def _laid_out(steps: list[Bar], starts: list[float], ends: list[float]) -> list[Bar]:
    low, high = min(*starts, *ends), max(*starts, *ends)
    scale = WIDTH / max(high - low, 1e-6)
    return [
        replace(
            step,
            left=round((min(start, end) - low) * scale, 1),
            width=round(max(abs(end - start) * scale, 2.0), 1),
        )
        for step, start, end in zip(steps, starts, ends, strict=True)
    ]


@dataclass(frozen=True)
class PartyChart:
    """What a party did in each of the last twelve 30-day months, the oldest first.

    Attributes
    ----------
    key : str
        Column that names the party, such as ``importer_id``.
    value : str
        Who it is.
    counts : tuple of int
        Earlier consignment lines per month, as known at its end.
    hits : tuple of int
        Violations found likewise; empty where the model's features do not count them.
    """

    key: str
    value: str
    counts: tuple[int, ...]
    hits: tuple[int, ...] = ()

    @property
    def highest(self) -> int:
        """Largest count, at least 1."""
        return max(1, *self.counts)


_PARTIES = ("importer_id", "consignee_id", "declarant_id", "exporter_id", "shipper_id")


def party_charts(
    history: History,
    stage: str,
    manifest: Mapping[str, Any] | None,
    lines: Sequence[Mapping[str, Any]],
    decision_time: datetime,
) -> list[PartyChart]:
    """Ask the history engine itself for each party's months before the decision.

    The engine is asked as it is for a score, at twelve earlier instants: nothing known later than
    a month's end is in that month.
    """
    times = [decision_time - timedelta(days=MONTH_DAYS * back) for back in range(MONTHS)][::-1]
    items = [Item(manifest, lines, time) for time in times]
    columns = history.look_up(stage, items).columns
    content = {**(manifest or {}), **(lines[0] if lines else {})}
    charts = []
    for key in _PARTIES:
        counts = columns.get(f"{key}__count__{MONTH_DAYS}d")
        hits = columns.get(f"{key}__hits__{MONTH_DAYS}d")
        if counts is not None and content.get(key) is not None:
            found = () if hits is None else _whole(hits)
            charts.append(PartyChart(key, str(content[key]), _whole(counts), found))
    return charts


def _whole(values: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) if np.isfinite(value) else 0 for value in values.tolist())
