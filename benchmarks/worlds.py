"""Simulated worlds for judging models: what was known before a quarter, and its truth.

Training sees what inspectors knew before the reference quarter; judged are *all* arrivals of the
quarter, by the world's truth, which no training ever reads.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.config import day_end, day_start
from riskml.datasets import Tables, load_tables
from riskml.datasets.consignments import roll_up
from riskml.datasets.simulation import write_world
from riskml.evaluation.metrics import precision_of, rates_of
from riskml.evaluation.ranking import Ranking, rank
from riskml.evaluation.splits import prequential_folds
from riskml.evaluation.traits import with_traits
from riskml.features.catalogue import feature_set
from riskml.labels import maturity_gap
from riskml.training.boosting import grow
from riskml.training.dataset import TrainingSet, build_training_set
from riskml.training.definition import ModelDefinition
from riskml.training.fitting import fit_model, make_design
from riskml.training.folding import score_folds
from riskml.training.rows import learnable_rows

__all__ = ["METRICS", "Judged", "Known", "compared", "known_world", "ranked_by", "scored_by"]

FloatArray = npt.NDArray[np.float64]
QUARTER = (date(2020, 7, 1), date(2020, 9, 30))
UNTIL, END = day_start(QUARTER[0]), day_end(QUARTER[1])
START = date(2018, 10, 1)
PARTS = ("training", "later")


@dataclass(frozen=True)
class Known:
    """A world as known before the quarter, and the quarter's arrivals.

    Attributes
    ----------
    folder : Path
        Its tables.
    training : TrainingSet
        Inspected consignments, labels as known before the quarter.
    later : DataFrame
        Features of all arrivals of the quarter, with ``violation`` and ``revenue`` by the truth
        and ``party``.
    """

    folder: Path
    training: TrainingSet
    later: pd.DataFrame

    @cached_property
    def tables(self) -> Tables:
        """All tables of the world, read when they are first asked for."""
        return load_tables(self.folder, need=("manifests", "declarations", "inspections"))


@dataclass(frozen=True)
class Judged:
    """The truth of a world's quarter, and what each contender thinks of its arrivals.

    Attributes
    ----------
    labels, revenue : ndarray of float64, shape (n,)
    groups : ndarray of int64, shape (n,)
        Party of each arrival, numbered; the bootstrap draws parties.
    scores : mapping of str to ndarray of float64, shape (n,)
    """

    labels: FloatArray
    revenue: FloatArray
    groups: npt.NDArray[np.int64]
    scores: Mapping[str, FloatArray]

    @cached_property
    def rankings(self) -> dict[str, Ranking]:
        """The scores ranked once, to be weighed many times."""
        return {name: rank(scores) for name, scores in self.scores.items()}

    @classmethod
    def of(cls, later: pd.DataFrame, scores: Mapping[str, FloatArray]) -> "Judged":
        """Take the truth from `Known.later`."""
        party = later["party"].where(later["party"].notna(), later["consignment_id"])
        return cls(
            later["violation"].to_numpy(dtype=np.float64),
            later["revenue"].fillna(0.0).to_numpy(dtype=np.float64),
            pd.factorize(party)[0].astype(np.int64),
            scores,
        )


def known_world(stage: str, seed: int, scale: float, keep: Path | None = None) -> Known:
    """Simulate a world and compute what a model of a stage learns from and is judged on.

    In a folder ``keep`` the world and its features are found again by a later call.
    """
    if keep is None:
        with tempfile.TemporaryDirectory() as scratch:
            known = known_world(stage, seed, scale, Path(scratch))
            # Read before their folder goes.
            known.tables.require("inspections")
            return known
    folder = keep / f"world-{scale:g}-{seed}"
    if not (folder / "truth.parquet").is_file():
        days = (QUARTER[1] - START).days + 32
        write_world(folder, start=START, days=days, scale=scale, seed=seed)
    training_file, later_file = (folder / f"{stage}-{part}.parquet" for part in PARTS)
    if later_file.is_file():
        training = TrainingSet(pd.read_parquet(training_file), feature_set(stage), {})
        return Known(folder, training, pd.read_parquet(later_file))
    known = _computed(folder, stage)
    known.training.frame.to_parquet(training_file)
    known.later.to_parquet(later_file)
    return known


def _computed(folder: Path, stage: str) -> Known:
    tables = load_tables(folder, need=("manifests", "declarations", "inspections"))
    truth = pd.read_parquet(folder / "truth.parquet")
    training = build_training_set(tables, stage, UNTIL, only_inspected=True)
    later = build_training_set(
        tables,
        stage,
        features=training.feature_set,
        keep=lambda rows: (
            (rows["decision_time"] >= UNTIL) & (rows["decision_time"] < END)
        ).to_numpy(),
    ).frame
    later = with_traits(later, roll_up(tables, stage), stage)
    columns = ["bill_no", "container_no", "violation", "revenue"]
    truth = truth[columns].drop_duplicates(["bill_no", "container_no"])
    return Known(folder, training, later.merge(truth, on=["bill_no", "container_no"]))


def scored_by(known: Known, definition: ModelDefinition) -> tuple[FloatArray, FloatArray]:
    """Train by a definition; return raw scores and probabilities of the quarter's arrivals."""
    rows = known.training
    bundle = fit_model(rows.frame, rows.feature_set, definition, until=UNTIL).bundle
    raw = bundle.raw_scores(bundle.encode(known.later))
    return raw, bundle.probabilities(raw)


def ranked_by(known: Known, definition: ModelDefinition, training: TrainingSet) -> FloatArray:
    """Train the boosters of a definition, without a calibrator; return raw scores."""
    rows = learnable_rows(training.frame, UNTIL)
    encoder, design = make_design(rows, training.feature_set, definition)
    decided, labelled = rows["decision_time"], rows["label_known_at"]
    folds = prequential_folds(
        decided,
        labelled,
        folds=definition.fit.folds,
        first_share=definition.fit.first_share,
        gap=maturity_gap(decided, labelled),
    )
    model, fit = definition.lightgbm, definition.fit
    rounds = score_folds(design, list(folds), model, fit).rounds
    booster = lgb.Booster(model_str=grow(design, rounds, model, fit))
    return np.asarray(booster.predict(encoder.encode(known.later), raw_score=True))


Measure = Callable[[Judged, str, FloatArray], tuple[float, float]]
"""Returns a numerator and a denominator, so that worlds can be pooled."""


def _precision(judged: Judged, who: str, weights: FloatArray) -> tuple[float, float]:
    found = float((judged.labels * weights).sum())
    if found <= 0:
        return 0.0, 0.0
    return found * precision_of(judged.rankings[who], judged.labels, weights), found


def _recall_at(rate: float) -> Measure:
    def measure(judged: Judged, who: str, weights: FloatArray) -> tuple[float, float]:
        found = rates_of(judged.rankings[who], judged.labels, weights, (rate,))[0]
        return found.hits, float((judged.labels * weights).sum())

    return measure


def _revenue_at(rate: float) -> Measure:
    def measure(judged: Judged, who: str, weights: FloatArray) -> tuple[float, float]:
        total = float((judged.labels * judged.revenue * weights).sum())
        ranking = judged.rankings[who]
        found = rates_of(ranking, judged.labels, weights, (rate,), judged.revenue)[0]
        return total * (found.revenue_recall or 0.0), total

    return measure


METRICS: dict[str, Measure] = {
    "average precision": _precision,
    "recall at 2 %": _recall_at(0.02),
    "recall at 5 %": _recall_at(0.05),
    "revenue recall at 2 %": _revenue_at(0.02),
}
"""Pooled over worlds: average precision by violations, recalls by what there was to find."""


def compared(
    worlds: Sequence[Judged], ours: str, resamples: int = 300, seed: int = 0
) -> list[dict[str, object]]:
    """Compare every contender with ``ours``, worlds pooled, by a paired bootstrap over parties.

    Parties are drawn inside each world; the seeds of the worlds are not drawn, so the intervals
    speak of these worlds.
    """
    rng = np.random.default_rng(seed)
    plain = [np.ones(len(world.labels)) for world in worlds]
    draws = [[_resampled(world, rng) for world in worlds] for _ in range(resamples)]
    rivals = [name for name in worlds[0].scores if name != ours]
    rows: list[dict[str, object]] = []
    for metric, measure in METRICS.items():
        own = _pooled(measure, worlds, ours, plain)
        again = [_pooled(measure, worlds, ours, w) for w in draws]
        for rival in rivals:
            theirs = _pooled(measure, worlds, rival, plain)
            pairs = zip(again, draws, strict=True)
            gaps = [a - _pooled(measure, worlds, rival, w) for a, w in pairs]
            low, high = np.quantile(gaps, [0.025, 0.975])
            rows.append(
                {
                    "metric": metric,
                    "rival": rival,
                    ours: f"{own:.4f}",
                    "theirs": f"{theirs:.4f}",
                    "difference": f"{own - theirs:+.4f} ({low:+.4f}, {high:+.4f})",
                    f"{ours} is": "above" if low > 0 else "below" if high < 0 else "not told apart",
                }
            )
    return rows


def _resampled(world: Judged, rng: np.random.Generator) -> FloatArray:
    size = int(world.groups.max()) + 1
    drawn = np.bincount(rng.integers(0, size, size), minlength=size)
    return np.asarray(drawn[world.groups], dtype=np.float64)


def _pooled(
    measure: Measure, worlds: Sequence[Judged], who: str, weights: Sequence[FloatArray]
) -> float:
    parts = [measure(world, who, w) for world, w in zip(worlds, weights, strict=True)]
    return sum(part for part, _ in parts) / sum(whole for _, whole in parts)
