"""Our model against raw-column LightGBM, CatBoost and XGBoost, on real inspections (LEMIS).

Rolling years: each year is judged by models trained on labels known before it. The rivals see the
raw columns of each line and no history, once with their defaults and once tuned (``--trials``
Optuna trials each, judged on the last quarter of what may be learned from; see
`benchmarks.peers`); ours is the shipped definition, untuned. A rival's shipment score is the mean
or the highest of its lines, whichever ranks better *on the judged years*, so that none is beaten
for a poor choice of ours. Differences have a paired bootstrap by shipment, drawn inside each year.
Printed for the full set and for the filtered one, from which lines that look written at the
inspection are removed before ingestion.

``--also`` compares further definitions of ours with the shipped one in the same way, ``--without``
the shipped one on fewer features: those whose names a pattern is not found in.

Scores are kept in ``--keep`` and read again, so a run that was broken off goes on.

Run: ``python -m benchmarks.lemis [--source DIR] [--years 2019] [--trials 20] [--keep DIR]
[--also FILE ...] [--without PATTERN ...]``.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.kept import Kept
from benchmarks.peers import ABSENT, PEERS, Raw, default_scores, tuned_scores
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


Measure = Callable[[list[Year], str, list[FloatArray]], float]


def main() -> None:
    """Print the comparison on both sets, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT.parent / "shared" / "data" / "lemis")
    parser.add_argument("--years", type=int, nargs="+", default=[2017, 2018, 2019])
    parser.add_argument("--trials", type=int, default=0, help="of each rival's tuning; 0: none")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="definitions to compare")
    parser.add_argument(
        "--without", nargs="*", default=[], help="pattern of features that a contender lacks"
    )
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--resamples", type=int, default=500)
    given = parser.parse_args()
    rows = []
    for name, drop in (("full", False), ("filtered", True)):
        with tempfile.TemporaryDirectory() as scratch:
            tables = ingested(given.source, Path(scratch), drop)
            kept = Kept(given.keep, name)
            years = [judged(tables, year, given, kept) for year in given.years]
        rows += compared(name, years, given.resamples)
    print_table(rows, as_json=False, title=f"LEMIS {given.years}, by shipment")
    if ABSENT:
        print(f"left out, not installed: {', '.join(ABSENT)} (pip install riskml[peers])")


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


def judged(tables: Tables, year: int, given: argparse.Namespace, kept: Kept) -> Year:
    """Train on labels known before a year and score its shipments."""
    start, end = day_start(date(year, 1, 1)), day_start(date(year + 1, 1, 1))
    known = build_training_set(tables, "declaration", start, only_inspected=True)
    later = build_training_set(
        tables,
        "declaration",
        features=known.feature_set,
        keep=lambda rows: (
            (rows["decision_time"] >= start) & (rows["decision_time"] < end)
        ).to_numpy(),
    ).frame
    later = later[later["label"].notna()].reset_index(drop=True)

    def ours(path: Path, without: str | None = None) -> FloatArray:
        every = known.feature_set
        kept = tuple(f for f in every.features if not (without and re.search(without, f.name)))
        features = replace(every, features=kept)
        bundle = fit_model(known.frame, features, load_definition(path), until=start).bundle
        return bundle.raw_scores(bundle.encode(later))

    learn = known.frame[known.frame["label"].notna()]
    raw = raw_lines(tables, learn, later)
    shipments = tables.require("declarations").loc[raw.judge, "bill_no"].to_numpy()
    shipped = default_definition("declaration")
    scores = {"riskml": kept.get(f"{year}-riskml", lambda: ours(shipped))}
    for path in given.also:
        own = kept.get(f"{year}-{path.stem}", lambda path=path: ours(path))
        scores[f"{path.stem} (riskml)"] = own
    for number, pattern in enumerate(given.without):
        own = kept.get(
            f"{year}-without-{number}", lambda pattern=pattern: ours(shipped, without=pattern)
        )
        scores[f"without {pattern} (riskml)"] = own
    for peer in given.peers:
        found = {peer: kept.get(f"{year}-{peer}", lambda peer=peer: default_scores(peer, raw))}
        if given.trials:
            found[f"{peer}, {given.trials} trials"] = kept.get(
                f"{year}-{peer}-{given.trials}",
                lambda peer=peer: tuned_scores(peer, raw, given.trials)[0],
            )
        for name, lines in found.items():
            by_shipment = pd.Series(lines).groupby(shipments)
            for how in ("mean", "max"):
                whole = by_shipment.agg(how).reindex(later["bill_no"])
                scores[f"{name} ({how} of lines)"] = whole.to_numpy(dtype=np.float64)
    labels = later["label"].to_numpy(dtype=np.float64)
    return Year(labels, later["office"].to_numpy(dtype=object), scores)


def raw_lines(tables: Tables, learn: pd.DataFrame, later: pd.DataFrame) -> Raw:
    """Return the raw columns of lines, with the label of their shipment where it was known."""
    lines = tables.require("declarations")
    named = [c for c in lines if c.startswith("x_")] + [
        "commodity_code", "origin_country", "departure_country", "office", "quantity_unit",
    ]  # fmt: skip
    columns = lines[named].assign(
        log_quantity=np.log1p(lines["quantity"]),
        month=lines["lodged_at"].dt.month,
        weekday=lines["lodged_at"].dt.day_of_week,
    )
    label = learn.set_index("bill_no")["label"]
    return Raw.of(
        columns,
        lines["bill_no"].map(label).to_numpy(dtype=np.float64),
        lines["bill_no"].isin(label.index).to_numpy(),
        lines["bill_no"].isin(later["bill_no"]).to_numpy(),
        lines["lodged_at"].dt.tz_localize(None).to_numpy(),
    )


def compared(name: str, years: list[Year], resamples: int) -> list[dict[str, object]]:
    """Compare the contenders of one set, with the intervals of the differences."""
    plain = [np.ones(len(year.labels)) for year in years]
    rng = np.random.default_rng(0)
    draws = [list(_resampled(years, rng)) for _ in range(resamples)]
    shape = {
        "set": name,
        "shipments": sum(len(year.labels) for year in years),
        "violations": int(sum(year.labels.sum() for year in years)),
    }
    rows: list[dict[str, object]] = []
    for metric, measure in METRICS.items():
        ours = measure(years, "riskml", plain)
        again = [measure(years, "riskml", w) for w in draws]
        for rival in _better_of_lines(years, plain):
            theirs = measure(years, rival, plain)
            differences = [a - measure(years, rival, w) for a, w in zip(again, draws, strict=True)]
            low, high = np.quantile(differences, [0.025, 0.975])
            rows.append(
                {
                    **shape,
                    "metric": metric,
                    "rival": rival,
                    "riskml": f"{ours:.3f}",
                    "theirs": f"{theirs:.3f}",
                    "difference": f"{ours - theirs:+.3f} ({low:+.3f}, {high:+.3f})",
                    "riskml is": "above" if low > 0 else "below" if high < 0 else "not told apart",
                }
            )
    return rows


def _better_of_lines(years: list[Year], plain: list[FloatArray]) -> list[str]:
    """Return each rival with the aggregate of its lines that ranks better on the judged years."""
    best: dict[str, str] = {}
    for rival in years[0].scores:
        peer = rival.rpartition(" (")[0]
        if peer and (
            peer not in best
            or _mean_precision(years, rival, plain) > _mean_precision(years, best[peer], plain)
        ):
            best[peer] = rival
    return list(best.values())


def _resampled(years: list[Year], rng: np.random.Generator) -> Iterator[FloatArray]:
    for year in years:
        size = len(year.labels)
        drawn = rng.integers(0, size, size)
        yield np.bincount(drawn, minlength=size).astype(np.float64)


def _recall_at(rate: float) -> Measure:
    def pooled(years: list[Year], who: str, weights: list[FloatArray]) -> float:
        hits = positives = 0.0
        for year, w in zip(years, weights, strict=True):
            hits += at_rate(year.labels, year.scores[who], rate, weights=w).hits
            positives += float((year.labels * w).sum())
        return hits / positives

    return pooled


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


def _lift_within_ports(years: list[Year], who: str, weights: list[FloatArray]) -> float:
    """Inspect the same share of every port: 1 is random selection inside each of them."""
    hits = positives = 0.0
    for part, w in _ports(years, weights):
        if w.sum() > 0:
            hits += at_rate(part.labels, part.scores[who], RATE, weights=w).hits
            positives += float((part.labels * w).sum())
    return hits / positives / RATE


METRICS: dict[str, Measure] = {
    "average precision": _mean_precision,
    "recall at 5 %": _recall_at(0.05),
    "recall at 10 %": _recall_at(0.10),
    "average precision within ports": _precision_within_ports,
    "lift within ports at 5 %": _lift_within_ports,
}


if __name__ == "__main__":
    main()
