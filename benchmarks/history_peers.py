"""What general tools do for the same numbers: DuckDB's RANGE frames, Polars' and pandas' rolling.

One thread each. They exclude events at the decision itself, as we do; none of them knows late
outcomes, corrections or a consignment's own events, which therefore stay out of the comparison.
The clock starts with rows in the tool's own form, while ours includes reading texts and identities.
DuckDB, Polars and pandas may answer in any order of rows, ours comes in the order of the queries;
``polars_ordered`` measures the form in which Polars keeps that order too. Their sums are floats.
"""

import importlib.util
import os
from typing import Any

import duckdb
import pandas as pd

from benchmarks.history_data import DAY, WINDOWS

__all__ = ["PEERS", "additive_of", "apart_of", "own_form", "polars_ordered"]

PEERS = tuple(
    name for name in ("duckdb", "polars", "pandas") if importlib.util.find_spec(name) is not None
)
"""Those installed; Polars is no dependency of riskml."""

Key = tuple[str, ...]
_TEXTS = ["importer_id", "declarant_id", "commodity_code", "origin_country"]
_COLUMNS = ["known_at", *_TEXTS, "value", "mass", "hit"]
_SUMS = {"value": ("sum", "mean", "std"), "mass": ("sum", "mean"), "hit": ("sum",)}


def own_form(peer: str, frame: pd.DataFrame) -> Any:
    """Return the rows as a tool likes them best; for DuckDB a database in memory."""
    if peer == "polars":
        return _polars_lines(frame)
    if peer == "duckdb":
        connection = duckdb.connect(config={"threads": 1})
        connection.register("given", frame[_COLUMNS])
        connection.execute("CREATE TABLE lines AS FROM given")
        return connection
    return frame[_COLUMNS].set_axis(pd.to_datetime(frame["known_at"], unit="us"))


def additive_of(peer: str, lines: Any, key: Key) -> None:
    """Compute seven statistics in four windows of one key, of rows in the tool's own form."""
    {"duckdb": _duckdb, "polars": _polars, "pandas": _pandas}[peer](lines, key)


def apart_of(peer: str, kind: str, lines: Any, days: float) -> bool:
    """Compute a statistic that does not add up; False if the tool has none in its rolling form."""
    if peer == "duckdb":
        return _duckdb_apart(kind, lines, days)
    if peer == "polars":
        return _polars_apart(kind, lines, days)
    return _pandas_apart(kind, lines, days)


def _frame(key: Key, days: float) -> str:
    return (
        f"(PARTITION BY {', '.join(key)} ORDER BY known_at "
        f"RANGE BETWEEN {int(days * DAY)} PRECEDING AND 1 PRECEDING)"
    )


def _duckdb(lines: Any, key: Key) -> None:
    names = {"sum": "sum", "mean": "avg", "std": "stddev_samp"}
    parts, frames = [], []
    for days in WINDOWS:
        name = f"w{days:.0f}"
        parts.append(f"count(*) OVER {name}")
        parts += [f"{names[f]}({c}) OVER {name}" for c, fs in _SUMS.items() for f in fs]
        frames.append(f"{name} AS {_frame(key, days)}")
    query = f"SELECT {', '.join(parts)} FROM lines WINDOW {', '.join(frames)}"
    lines.execute(query).fetchnumpy()


def _duckdb_apart(kind: str, lines: Any, days: float) -> bool:
    importer, pair = ("importer_id",), ("importer_id", "commodity_code")
    price = ("commodity_code", "origin_country")
    query = {
        "distinct": f"count(DISTINCT commodity_code) OVER {_frame(importer, days)}",
        "share": f"count(*) OVER {_frame(pair, days)} / count(*) OVER {_frame(importer, days)}",
        "quantile": f"ln(value) - ln(quantile_disc(value, 0.5) OVER {_frame(price, days)})",
    }[kind]
    lines.execute(f"SELECT {query} FROM lines").fetchnumpy()
    return True


def _polars(lines: Any, key: Key) -> None:
    import polars as pl

    wanted = [pl.len().alias("count")]
    wanted += [
        getattr(pl.col(column), how)().alias(f"{how}_{column}")
        for column, kinds in _SUMS.items()
        for how in kinds
    ]
    for days in WINDOWS:
        period = f"{days:.0f}d"
        lines.rolling("known_at", period=period, closed="left", group_by=list(key)).agg(wanted)


def polars_ordered(lines: Any, key: Key) -> None:
    """Compute the same in the order of the rows, as we do: expressions over groups."""
    import polars as pl

    wanted = []
    for days in WINDOWS:
        window = {"window_size": f"{days:.0f}d", "closed": "left"}
        sums = [(pl.col("one"), "sum")]
        sums += [(pl.col(column), how) for column, kinds in _SUMS.items() for how in kinds]
        for column, how in sums:
            rolled = getattr(column, f"rolling_{how}_by")("known_at", **window)
            wanted.append(rolled.over(list(key)).alias(str(len(wanted))))
    lines.with_columns(pl.lit(1.0).alias("one")).select(wanted)


def _polars_apart(kind: str, lines: Any, days: float) -> bool:
    import polars as pl

    def rolled(key: list[str], wanted: Any) -> None:
        period = f"{days:.0f}d"
        lines.rolling("known_at", period=period, closed="left", group_by=key).agg(wanted)

    if kind == "distinct":
        rolled(["importer_id"], pl.col("commodity_code").n_unique())
    elif kind == "quantile":
        rolled(["commodity_code", "origin_country"], pl.col("value").median())
    else:
        rolled(["importer_id"], pl.len())
        rolled(["importer_id", "commodity_code"], pl.len())
    return True


def _polars_lines(frame: pd.DataFrame) -> Any:
    import polars as pl

    data = {name: frame[name].to_numpy() for name in _COLUMNS}
    lines = pl.DataFrame(data).with_columns(pl.col("known_at").cast(pl.Datetime("us")))
    return lines.set_sorted("known_at")


def _rolling(lines: Any, key: Key, columns: list[str], days: float) -> Any:
    return lines.groupby(list(key))[columns].rolling(f"{days:.0f}D", closed="left")


def _pandas(lines: Any, key: Key) -> None:
    for days in WINDOWS:
        rolling = _rolling(lines, key, list(_SUMS), days)
        rolling["value"].agg(["count", "sum", "mean", "std"])
        rolling["mass"].agg(["sum", "mean"])
        rolling["hit"].sum()


def _pandas_apart(kind: str, lines: Any, days: float) -> bool:
    if kind == "distinct":
        return False
    if kind == "quantile":
        _rolling(lines, ("commodity_code", "origin_country"), ["value"], days).median()
        return True
    _rolling(lines, ("importer_id",), ["value"], days).count()
    _rolling(lines, ("importer_id", "commodity_code"), ["value"], days).count()
    return True


os.environ.setdefault("POLARS_MAX_THREADS", "1")
