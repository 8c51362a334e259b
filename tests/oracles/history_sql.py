"""Additive history statistics by an inequality join in DuckDB: a second, independent oracle.

Without revisions; sums in 128-bit integers, so that they can be compared exactly.
"""

import duckdb
import numpy as np
import pandas as pd

from riskml.history import Events, Queries

DAY = 86_400_000_000

UNITS = "CAST(round_even(e.v * 10000, 0) AS HUGEINT)"
PRESENT = "FILTER (WHERE NOT isnan(e.v))"
STREAMS = {
    "lines": {
        "count": "count(e.known_at)",
        "sum": f"CAST(coalesce(sum({UNITS}) {PRESENT}, 0) AS DOUBLE) / 10000",
        "mean": f"CAST(sum({UNITS}) {PRESENT} AS DOUBLE) / (10000.0 * count(*) {PRESENT})",
        "std": f"stddev_samp(e.v) {PRESENT}",
    },
    "outcomes": {
        "known": "count(e.known_at)",
        "hits": "count(*) FILTER (WHERE e.hit = 1)",
    },
}


def additive(
    key: tuple[str, ...],
    days: float | None,
    events: Events,
    queries: Queries,
    at: str = "known_at",
) -> dict[str, np.ndarray]:
    """Return each additive kind of statistic of one stream, one value per query.

    The window is one of column ``at``: when a record became known, or was lodged.
    """
    asked = pd.DataFrame({"time": queries.decision_time, "unit": queries.unit, **queries.keys})
    asked["row"] = np.arange(len(asked))
    seen = pd.DataFrame(
        {"known_at": events.known_at, "unit": events.unit, **events.keys, **events.values}
    )
    conditions = ["e.known_at < q.time", *(f"e.{name} = q.{name}" for name in key)]
    if days is not None:
        conditions.append(f"e.{at} >= q.time - {round(days * DAY)}")
    if events.stream != "lines":
        conditions.append("(q.unit IS NULL OR e.unit IS NULL OR e.unit <> q.unit)")
    kinds = STREAMS[events.stream]
    columns = ", ".join(f"{value} AS {kind}" for kind, value in kinds.items())
    query = f"""
        SELECT q.row, {columns} FROM asked AS q LEFT JOIN seen AS e
        ON {" AND ".join(conditions)} GROUP BY q.row ORDER BY q.row"""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("asked", asked)
        connection.register("seen", seen)
        found = np.array(connection.execute(query).fetchall(), dtype=np.float64)
    missing = asked[list(key)].isna().any(axis=1).to_numpy(dtype=bool)
    found[missing] = np.nan
    return dict(zip(kinds, found[:, 1:].T, strict=True))
