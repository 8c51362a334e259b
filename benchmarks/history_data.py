"""The data of the history benchmark: three years of lines whose entities follow Zipf's law."""

import numpy as np
import pandas as pd

from riskml.history import Events, Queries, Statistic

__all__ = [
    "CARDINALITY",
    "DAY",
    "KEYS",
    "WINDOWS",
    "additive",
    "apart",
    "columns_of",
    "events_of",
    "make_lines",
]

DAY = 86_400_000_000
WINDOWS = (7.0, 30.0, 90.0, 365.0)
KEYS = (
    ("importer_id",),
    ("declarant_id",),
    ("commodity_code",),
    ("origin_country",),
    ("importer_id", "commodity_code"),
    ("importer_id", "origin_country"),
    ("commodity_code", "origin_country"),
    ("declarant_id", "importer_id"),
)
CARDINALITY = {
    "importer_id": 50_000,
    "declarant_id": 2_000,
    "commodity_code": 5_000,
    "origin_country": 150,
}


def zipf(rng: np.random.Generator, size: int, distinct: int) -> np.ndarray:
    """Draw from a Zipf law over ``distinct`` names."""
    weights = 1.0 / np.arange(1, distinct + 1)
    return rng.choice(distinct, size=size, p=weights / weights.sum())


def make_lines(rows: int, seed: int) -> pd.DataFrame:
    """Return declaration lines of three years, with the outcome of one in twenty."""
    rng = np.random.default_rng(seed)
    known = np.sort(rng.integers(0, 3 * 365 * DAY, rows))
    frame = pd.DataFrame({"known_at": known, "value": np.round(rng.lognormal(8, 2, rows), 2)})
    frame["mass"] = np.round(rng.lognormal(5, 2, rows), 1)
    for name, distinct in CARDINALITY.items():
        codes = zipf(rng, rows, distinct)
        names = np.array([f"{name[:3]}{i}" for i in range(distinct)], dtype=object)
        frame[name] = pd.Series(names[codes], dtype=object)
    frame["unit"] = pd.Series([f"c{i}" for i in range(rows)], dtype=object)
    frame["inspected"] = rng.random(rows) < 0.05
    frame["hit"] = (rng.random(rows) < 0.02).astype(float)
    frame["closed_at"] = known + rng.integers(0, 30 * DAY, rows)
    return frame


def events_of(frame: pd.DataFrame, stream: str, time_column: str) -> Events:
    """Return rows as events of a stream."""
    return Events(
        stream=stream,
        event_id=frame["unit"].to_numpy(),
        revision=np.zeros(len(frame), dtype=np.int64),
        known_at=frame[time_column].to_numpy(),
        unit=frame["unit"].to_numpy(),
        keys={name: frame[name].to_numpy() for name in CARDINALITY},
        values={name: frame[name].to_numpy() for name in ("value", "mass", "hit")},
    )


def columns_of(lines: Events) -> Queries:
    """Return one query for each line, at its own time."""
    return Queries(lines.known_at, lines.unit, lines.keys, lines.values)


def additive(keys: tuple[tuple[str, ...], ...]) -> list[Statistic]:
    """Return seven statistics of each key and window."""
    found = []
    for key in keys:
        for days in WINDOWS:
            found.append(Statistic(key, "count", days=days))
            kinds = ("sum", "mean", "std")
            found += [Statistic(key, kind, column="value", days=days) for kind in kinds]
            found += [Statistic(key, kind, column="mass", days=days) for kind in kinds[:2]]
            found.append(Statistic(key, "hits", days=days, stream="lines"))
    return found


def apart(kind: str, days: float) -> list[Statistic]:
    """Return a statistic that does not add up, or is a quotient of two that do."""
    if kind == "quantile":
        price = ("commodity_code", "origin_country")
        return [Statistic(price, "price_log_ratio", column="value", days=days)]
    return [Statistic(("importer_id",), kind, column="commodity_code", days=days)]
