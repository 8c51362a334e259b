"""What general tools do for the same numbers: DuckDB's RANGE frames, Polars' and pandas' rolling.

One thread each. They exclude events at the decision itself, as we do; none of them knows late
outcomes, corrections or a consignment's own events, which therefore stay out of the comparison.
"""

import importlib.util
import os

import duckdb
import pandas as pd

from benchmarks.history_data import DAY, WINDOWS

__all__ = ["PEERS", "additive_of", "apart_of"]

PEERS = tuple(
    name for name in ("duckdb", "polars", "pandas") if importlib.util.find_spec(name) is not None
)
"""Those installed; Polars is no dependency of riskml."""

Key = tuple[str, ...]
_SUMS = {"value": ("sum", "mean", "std"), "mass": ("sum", "mean"), "hit": ("sum",)}


def additive_of(peer: str, frame: pd.DataFrame, key: Key) -> None:
    """Compute seven statistics in four windows of one key."""
    {"duckdb": _duckdb, "polars": _polars, "pandas": _pandas}[peer](frame, key)


def apart_of(peer: str, kind: str, frame: pd.DataFrame, days: float) -> bool:
    """Compute a statistic that does not add up; False if the tool has none in its rolling form."""
    if peer == "duckdb":
        return _duckdb_apart(kind, frame, days)
    if peer == "polars":
        return _polars_apart(kind, frame, days)
    return _pandas_apart(kind, frame, days)


def _run_duckdb(frame: pd.DataFrame, query: str) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lines", frame)
        connection.execute(query).fetchnumpy()


def _frame(key: Key, days: float) -> str:
    return (
        f"(PARTITION BY {', '.join(key)} ORDER BY known_at "
        f"RANGE BETWEEN {int(days * DAY)} PRECEDING AND 1 PRECEDING)"
    )


def _duckdb(frame: pd.DataFrame, key: Key) -> None:
    names = {"sum": "sum", "mean": "avg", "std": "stddev_samp"}
    parts, frames = [], []
    for days in WINDOWS:
        name = f"w{days:.0f}"
        parts.append(f"count(*) OVER {name}")
        parts += [f"{names[f]}({c}) OVER {name}" for c, fs in _SUMS.items() for f in fs]
        frames.append(f"{name} AS {_frame(key, days)}")
    _run_duckdb(
        frame[[*key, "known_at", *_SUMS]],
        f"SELECT {', '.join(parts)} FROM lines WINDOW {', '.join(frames)}",
    )


def _duckdb_apart(kind: str, frame: pd.DataFrame, days: float) -> bool:
    importer, pair = ("importer_id",), ("importer_id", "commodity_code")
    price = ("commodity_code", "origin_country")
    query = {
        "distinct": f"count(DISTINCT commodity_code) OVER {_frame(importer, days)}",
        "share": f"count(*) OVER {_frame(pair, days)} / count(*) OVER {_frame(importer, days)}",
        "quantile": f"ln(value) - ln(quantile_disc(value, 0.5) OVER {_frame(price, days)})",
    }[kind]
    columns = [*pair, "origin_country", "known_at", "value"]
    _run_duckdb(frame[columns], f"SELECT {query} FROM lines")
    return True


def _polars(frame: pd.DataFrame, key: Key) -> None:
    import polars as pl

    lines = _polars_lines(frame, [*key, *_SUMS])
    wanted = [pl.len().alias("count")]
    wanted += [
        getattr(pl.col(column), how)().alias(f"{how}_{column}")
        for column, kinds in _SUMS.items()
        for how in kinds
    ]
    for days in WINDOWS:
        period = f"{days:.0f}d"
        lines.rolling("known_at", period=period, closed="left", group_by=list(key)).agg(wanted)


def _polars_apart(kind: str, frame: pd.DataFrame, days: float) -> bool:
    import polars as pl

    period = f"{days:.0f}d"

    def rolled(key: list[str], wanted: object, columns: list[str]) -> object:
        lines = _polars_lines(frame, [*key, *columns])
        return lines.rolling("known_at", period=period, closed="left", group_by=key).agg(wanted)

    if kind == "distinct":
        rolled(["importer_id"], pl.col("commodity_code").n_unique(), ["commodity_code"])
    elif kind == "quantile":
        rolled(["commodity_code", "origin_country"], pl.col("value").median(), ["value"])
    else:
        rolled(["importer_id"], pl.len(), [])
        rolled(["importer_id", "commodity_code"], pl.len(), [])
    return True


def _polars_lines(frame: pd.DataFrame, columns: list[str]) -> "object":
    import polars as pl

    data = {name: frame[name].to_numpy() for name in ("known_at", *columns)}
    lines = pl.DataFrame(data).with_columns(pl.col("known_at").cast(pl.Datetime("us")))
    return lines.set_sorted("known_at")


def _rolling(frame: pd.DataFrame, key: Key, columns: list[str], days: float) -> object:
    lines = frame[[*key, *columns]].set_axis(pd.to_datetime(frame["known_at"], unit="us"))
    return lines.groupby(list(key))[columns].rolling(f"{days:.0f}D", closed="left")


def _pandas(frame: pd.DataFrame, key: Key) -> None:
    for days in WINDOWS:
        rolling = _rolling(frame, key, list(_SUMS), days)
        rolling["value"].agg(["count", "sum", "mean", "std"])
        rolling["mass"].agg(["sum", "mean"])
        rolling["hit"].sum()


def _pandas_apart(kind: str, frame: pd.DataFrame, days: float) -> bool:
    if kind == "distinct":
        return False
    if kind == "quantile":
        _rolling(frame, ("commodity_code", "origin_country"), ["value"], days).median()
        return True
    _rolling(frame, ("importer_id",), ["value"], days).count()
    _rolling(frame, ("importer_id", "commodity_code"), ["value"], days).count()
    return True


os.environ.setdefault("POLARS_MAX_THREADS", "1")
