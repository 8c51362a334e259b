"""Our model against a raw-column LightGBM without history, on real inspections (LEMIS).

Rolling years: each year is judged by models trained on labels known before it. The rival sees the
raw columns of each line (categories and numbers, LightGBM's defaults, bagged over five seeds);
its shipment score is the mean or the highest of its lines, whichever ranks better *on the judged
years*, so that it is not beaten for a poor choice of ours. Differences have a paired bootstrap by
shipment, drawn inside each year. Printed for the full set and for the filtered one, from which
lines that look written at the inspection are removed before ingestion.

Run: ``python benchmarks/lemis.py [--source DIR] [--years 2017 2018 2019]``.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.cli.console import print_table
from riskml.config import day_start
from riskml.datasets import Tables, load_tables
from riskml.datasets.export import write_ingestion
from riskml.datasets.ingest import ingest
from riskml.evaluation.metrics import at_rate, average_precision
from riskml.training.dataset import build_training_set
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model

ROOT = Path(__file__).resolve().parents[1]
RATE = 0.05
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Year:
    """Shipments of a judged year, and what each contender thinks of them."""

    labels: FloatArray
    ports: npt.NDArray[np.object_]
    scores: dict[str, FloatArray]


def main() -> None:
    """Print the comparison on both sets, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT.parent / "shared" / "data" / "lemis")
    parser.add_argument("--years", type=int, nargs="+", default=[2017, 2018, 2019])
    parser.add_argument("--resamples", type=int, default=500)
    given = parser.parse_args()
    rows = []
    for name, drop in (("full", False), ("filtered", True)):
        with tempfile.TemporaryDirectory() as scratch:
            tables = ingested(given.source, Path(scratch), drop)
            years = [judged(tables, year) for year in given.years]
        rows += compared(name, years, given.resamples)
    print_table(rows, as_json=False, title=f"LEMIS {given.years}, by shipment, rate {RATE:.0%}")


def ingested(source: Path, scratch: Path, drop: bool) -> Tables:
    """Ingest the set through its mapping, whole or filtered."""
    if drop:
        (scratch / "source").mkdir()
        for file in sorted(source.glob("*LEMIS*.csv")):
            lines = pd.read_csv(file, dtype=str, keep_default_na=False)
            suspect = (
                (lines["country_origin"] == "XX")
                | (lines["genus"] == "Non-CITES entry")
                | (lines["source"] == "U")
            )
            lines[~suspect].to_csv(scratch / "source" / file.name, index=False)
        source = scratch / "source"
    found = ingest(ROOT / "data" / "mappings" / "lemis.toml", source)
    write_ingestion(found, scratch / "tables")
    return load_tables(scratch / "tables", need=("declarations", "inspections"))


def judged(tables: Tables, year: int) -> Year:
    """Train on labels known before a year and score its shipments."""
    start, end = day_start(date(year, 1, 1)), day_start(date(year + 1, 1, 1))
    known = build_training_set(tables, "declaration", start, only_inspected=True)
    definition = load_definition(default_definition("declaration"))
    model = fit_model(known.frame, known.feature_set, definition, until=start)
    later = build_training_set(
        tables,
        "declaration",
        features=known.feature_set,
        keep=lambda rows: (
            (rows["decision_time"] >= start) & (rows["decision_time"] < end)
        ).to_numpy(),
    ).frame
    later = later[later["label"].notna()].reset_index(drop=True)
    bundle = model.bundle
    ours = bundle.raw_scores(bundle.encode(later))
    learn = known.frame[known.frame["label"].notna()]
    rivals = raw_rival(tables, learn, later)
    return Year(
        later["label"].to_numpy(dtype=np.float64),
        later["office"].to_numpy(dtype=object),
        {"riskml": ours, **rivals},
    )


def raw_rival(tables: Tables, learn: pd.DataFrame, later: pd.DataFrame) -> dict[str, FloatArray]:
    """Train LightGBM on raw columns of lines; score shipments by mean and by maximum."""
    lines = tables.require("declarations")
    raw = [c for c in lines if c.startswith("x_")] + [
        "commodity_code", "origin_country", "departure_country", "office", "quantity_unit",
    ]  # fmt: skip
    X = pd.DataFrame({c: lines[c].astype("category") for c in raw})
    X["log_quantity"] = np.log1p(lines["quantity"])
    X["month"] = lines["lodged_at"].dt.month
    X["weekday"] = lines["lodged_at"].dt.day_of_week
    label = learn.set_index("bill_no")["label"]
    train = lines["bill_no"].isin(label.index).to_numpy()
    test = lines["bill_no"].isin(later["bill_no"]).to_numpy()
    y = lines.loc[train, "bill_no"].map(label).to_numpy(dtype=np.float64)
    total = np.zeros(int(test.sum()))
    for seed in range(5):
        parameters = {
            "objective": "binary", "seed": seed, "bagging_fraction": 0.8, "bagging_freq": 1,
            "feature_fraction": 0.8, "verbose": -1, "num_threads": 2, "deterministic": True,
            "force_row_wise": True,
        }  # fmt: skip
        booster = lgb.train(parameters, lgb.Dataset(X[train], y), 100)
        total += np.asarray(booster.predict(X[test]), dtype=np.float64)
    by_shipment = pd.Series(total).groupby(lines.loc[test, "bill_no"].to_numpy())
    return {
        f"raw columns, {how} of lines": by_shipment.agg(how)
        .reindex(later["bill_no"])
        .to_numpy(dtype=np.float64)
        for how in ("mean", "max")
    }


def compared(name: str, years: list[Year], resamples: int) -> list[dict[str, object]]:
    """Compare the contenders of one set, with the intervals of the differences."""
    rivals = [contender for contender in years[0].scores if contender != "riskml"]
    plain = [np.ones(len(year.labels)) for year in years]
    best = max(rivals, key=lambda rival: METRICS["average precision"](years, rival, plain) or 0.0)
    rng = np.random.default_rng(0)
    draws = [list(_resampled(years, rng)) for _ in range(resamples)]
    rows: list[dict[str, object]] = []
    for metric, measure in METRICS.items():
        ours, theirs = measure(years, "riskml", plain), measure(years, best, plain)
        differences = [measure(years, "riskml", w) - measure(years, best, w) for w in draws]
        low, high = np.quantile(differences, [0.025, 0.975])
        rows.append(
            {
                "set": name,
                "metric": metric,
                "shipments": sum(len(year.labels) for year in years),
                "violations": int(sum(year.labels.sum() for year in years)),
                "riskml": f"{ours:.3f}",
                "rival": f"{theirs:.3f}",
                "difference": f"{ours - theirs:+.3f} ({low:+.3f}, {high:+.3f})",
                "allows": "above" if low > 0 else "below" if high < 0 else "not told apart",
                "named rival": best,
            }
        )
    return rows


def _resampled(years: list[Year], rng: np.random.Generator) -> Iterator[FloatArray]:
    for year in years:
        size = len(year.labels)
        drawn = rng.integers(0, size, size)
        yield np.bincount(drawn, minlength=size).astype(np.float64)


def _pooled_recall(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    hits = positives = 0.0
    for year, w in zip(years, weights, strict=True):
        hits += at_rate(year.labels, year.scores[who], RATE, weights=w).hits
        positives += float((year.labels * w).sum())
    return hits / positives


def _pooled_hit_rate(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    found = [
        at_rate(year.labels, year.scores[who], RATE, weights=w)
        for year, w in zip(years, weights, strict=True)
    ]
    return sum(f.hits for f in found) / sum(f.inspected for f in found)


def _mean_precision(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    return float(
        np.mean(
            [
                average_precision(year.labels, year.scores[who], w)
                for year, w in zip(years, weights, strict=True)
            ]
        )
    )


def _ports(years: list[Year], weights: list[FloatArray]) -> Iterator[tuple[Year, FloatArray]]:
    """Yield each port-year with a violation as a year of its own."""
    for year, w in zip(years, weights, strict=True):
        for port in pd.unique(pd.Series(year.ports)):
            here = year.ports == port
            part = Year(
                year.labels[here], year.ports[here], {n: s[here] for n, s in year.scores.items()}
            )
            yield part, w[here]


def _precision_within_ports(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    total = positives = 0.0
    for part, w in _ports(years, weights):
        found = float((part.labels * w).sum())
        if found > 0:
            total += found * average_precision(part.labels, part.scores[who], w)
            positives += found
    return total / positives


def _recall_within_ports(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    hits = positives = 0.0
    for part, w in _ports(years, weights):
        if w.sum() > 0:
            hits += at_rate(part.labels, part.scores[who], RATE, weights=w).hits
            positives += float((part.labels * w).sum())
    return hits / positives


def _hit_rate_within_ports(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    hits = inspected = 0.0
    for part, w in _ports(years, weights):
        if w.sum() > 0:
            found = at_rate(part.labels, part.scores[who], RATE, weights=w)
            hits, inspected = hits + found.hits, inspected + found.inspected
    return hits / inspected


METRICS: dict[str, Callable[[list[Year], str, list[FloatArray]], float]] = {
    "average precision": _mean_precision,
    "recall at 5 %": _pooled_recall,
    "hit rate at 5 %": _pooled_hit_rate,
    "average precision within ports": _precision_within_ports,
    "recall at 5 % within ports": _recall_within_ports,
    "hit rate at 5 % within ports": _hit_rate_within_ports,
}


if __name__ == "__main__":
    main()
