"""What features add: models with and without them, against the truth of simulated worlds.

For each seed a world is simulated, every variant is trained on what inspectors knew before the
reference quarter, and every arrival of the quarter is scored. Recall and average precision are
measured twice: with the violations that happened, and with the true probabilities in their place,
which leaves out the chance of the coin. Differences to the first variant have a paired bootstrap
by importer (declaration) or consignee (pre-arrival), drawn inside each world, pooled over worlds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.config import day_end, day_start
from riskml.datasets import Tables, load_tables
from riskml.datasets.simulation import build_config, write_world
from riskml.evaluation.intervals import group_codes, resample_weights
from riskml.evaluation.metrics import at_rate, average_precision
from riskml.features import FeatureSet
from riskml.training.dataset import build_training_set
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model

__all__ = ["World", "compared", "judged", "simulated", "without"]

QUARTER = (date(2020, 7, 1), date(2020, 9, 30))
START = date(2018, 10, 1)
RATE = 0.05
SMALL_RATE = 0.02
FloatArray = npt.NDArray[np.float64]
Variants = Mapping[str, Callable[[FeatureSet], FeatureSet]]
PARTY = {"pre_arrival": "consignee_id", "declaration": "importer_id"}
TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}


@dataclass(frozen=True)
class World:
    """Arrivals of the judged quarter, and what each variant thinks of them."""

    violation: FloatArray
    probability: FloatArray
    party: npt.NDArray[np.int64]
    scores: dict[str, FloatArray]


def simulated(
    folder: Path, scale: float, seed: int, changes: Mapping[str, object] | None = None
) -> tuple[Tables, pd.DataFrame]:
    """Simulate a world into a folder; return its tables and its truth."""
    days = (QUARTER[1] - START).days + 32
    config = build_config(dict(changes or {}))
    write_world(folder, config, start=START, days=days, scale=scale, seed=seed)
    truth = pd.read_parquet(folder / "truth.parquet").drop_duplicates(["bill_no", "container_no"])
    return load_tables(folder, need=("manifests", "declarations", "inspections")), truth


def without(names: Iterable[str]) -> Callable[[FeatureSet], FeatureSet]:
    """Return what leaves features out of a set."""
    left_out = set(names)

    def reduced(features: FeatureSet) -> FeatureSet:
        kept = tuple(f for f in features.features if f.name not in left_out)
        return replace(features, features=kept)

    return reduced


def judged(
    tables: Tables, truth: pd.DataFrame, stage: str, variants: Variants, name: str = "default"
) -> World:
    """Train every variant on what was known before the quarter, and score the quarter."""
    until, end = day_start(QUARTER[0]), day_end(QUARTER[1])
    known = build_training_set(tables, stage, until, name, only_inspected=True)
    later = build_training_set(
        tables,
        stage,
        features=known.feature_set,
        keep=lambda rows: (
            (rows["decision_time"] >= until) & (rows["decision_time"] < end)
        ).to_numpy(),
    ).frame
    columns = ["bill_no", "container_no", "violation", "probability"]
    later = later.merge(truth[columns], on=columns[:2])
    definition = load_definition(default_definition(stage))
    scores = {}
    for variant, chosen in variants.items():
        features = chosen(known.feature_set)
        bundle = fit_model(known.frame, features, definition, until=until).bundle
        scores[variant] = bundle.raw_scores(bundle.encode(later))
    rows = tables.require(TABLE[stage])
    party = rows.drop_duplicates("bill_no").set_index("bill_no")[PARTY[stage]]
    return World(
        later["violation"].to_numpy(dtype=np.float64),
        later["probability"].to_numpy(dtype=np.float64),
        group_codes(later["bill_no"].map(party).to_numpy(dtype=object), len(later)),
        scores,
    )


def compared(worlds: Sequence[World], resamples: int = 200) -> list[dict[str, object]]:
    """Return each metric of each variant, and its difference to the first with its interval."""
    variants = list(worlds[0].scores)
    plain = [np.ones(len(world.violation)) for world in worlds]
    draws = [resample_weights(world.party, resamples, 0) for world in worlds]
    found = {(metric, variant): [] for metric in METRICS for variant in variants}  # type: dict[tuple[str, str], list[float]]
    for weights in zip(*draws, strict=True):
        for metric, variant in found:
            found[metric, variant].append(METRICS[metric](worlds, variant, weights))
    rows: list[dict[str, object]] = []
    for metric, measure in METRICS.items():
        base = measure(worlds, variants[0], plain)
        for variant in variants:
            value = measure(worlds, variant, plain)
            row: dict[str, object] = {"metric": metric, "variant": variant, "value": f"{value:.4f}"}
            row["difference"] = ""
            if variant != variants[0]:
                gains = np.subtract(found[metric, variant], found[metric, variants[0]])
                low, high = np.quantile(gains, [0.025, 0.975])
                row["difference"] = f"{value - base:+.4f} ({low:+.4f}, {high:+.4f})"
            rows.append(row)
    return rows


def _precision(worlds: Sequence[World], variant: str, weights: Sequence[FloatArray]) -> float:
    each = [
        average_precision(world.violation, world.scores[variant], w) or 0.0
        for world, w in zip(worlds, weights, strict=True)
    ]
    return float(np.mean(each))


def _recall(worlds: Sequence[World], variant: str, weights: Sequence[FloatArray]) -> float:
    hits = positives = 0.0
    for world, w in zip(worlds, weights, strict=True):
        hits += at_rate(world.violation, world.scores[variant], RATE, weights=w).hits
        positives += float((world.violation * w).sum())
    return hits / positives


def _expected_recall(
    worlds: Sequence[World], variant: str, weights: Sequence[FloatArray], rate: float = RATE
) -> float:
    """Recall with true probabilities in place of violations; ties as they stand."""
    found = total = 0.0
    for world, w in zip(worlds, weights, strict=True):
        order = np.argsort(-world.scores[variant], kind="stable")
        inside = np.cumsum(w[order]) <= rate * w.sum()
        mass = (world.probability * w)[order]
        found, total = found + float(mass[inside].sum()), total + float(mass.sum())
    return found / total


METRICS: dict[str, Callable[[Sequence[World], str, Sequence[FloatArray]], float]] = {
    "average precision": _precision,
    "recall at 5 %": _recall,
    "expected recall at 5 %": _expected_recall,
    "expected recall at 2 %": partial(_expected_recall, rate=SMALL_RATE),
}
