"""What tuning is worth: 50 trials against the definition's own parameters, on a later period.

Simulated worlds: a study per seed on what inspectors knew before the reference quarter; both models
are then trained on the same rows and judged on the true violations of *all* arrivals of the
quarter. LEMIS, if it is there: studies on labels known before 2019, judged on the shipments of
2019. ``best trial`` is the study's winner whether or not it was told apart from the own parameters
on the searched slices; ``written`` is what ``riskml tune`` writes, which is the own parameters
where it was not (no row: nowhere was it). Differences have a paired bootstrap by consignment, drawn
inside each seed or set.

Run: ``python -m benchmarks.tuning [--seeds 5] [--trials 50] [--source DIR]``.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.lemis import ROOT, ingested
from benchmarks.worlds import UNTIL, known_world
from riskml.cli.console import print_table
from riskml.config import day_start, settings
from riskml.evaluation.metrics import at_rate, average_precision
from riskml.training.dataset import TrainingSet, build_training_set
from riskml.training.definition import ModelDefinition, default_definition, load_definition
from riskml.training.fitting import fit_model
from riskml.training.tuning.tune import Tuned, tune

RATE = 0.05
OBJECTIVES = ("violations", "average_precision")
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Outcomes of a later period, and what each contender thinks of its consignments."""

    study: Tuned
    labels: FloatArray
    scores: dict[str, FloatArray]


@dataclass(frozen=True)
class Later:
    """What a model of the same rows is judged on."""

    known: TrainingSet
    rows: pd.DataFrame
    until: datetime

    @property
    def labels(self) -> FloatArray:
        """Outcomes, shape (n,)."""
        return self.rows["label"].to_numpy(dtype=np.float64)

    def scored_by(self, model: ModelDefinition) -> FloatArray:
        """Train by a definition on what was known, and score what came later."""
        known = self.known
        bundle = fit_model(known.frame, known.feature_set, model, until=self.until).bundle
        return bundle.raw_scores(bundle.encode(self.rows))


def main() -> None:
    """Print the comparison on each kind of data, for each objective."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--source", type=Path, default=ROOT.parent / "shared" / "data" / "lemis")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["RISKML_HOME"] = home
        settings.cache_clear()
        kinds = {"simulation": simulated(given)}
        if given.source.is_dir():
            kinds["LEMIS, full"] = shipments(given, drop=False)
            kinds["LEMIS, filtered"] = shipments(given, drop=True)
        rows = []
        for kind, found in kinds.items():
            judged = list(found)
            for objective in OBJECTIVES:
                part = [one for name, one in judged if name == objective]
                rows += compared(kind, objective, part, given.resamples) if part else ()
    title = f"{given.trials} trials against own parameters, judged later; rate {RATE:.0%}"
    print_table(rows, as_json=False, title=title)
    if not given.source.is_dir():
        print(f"LEMIS left out: no data in {given.source.name}, see data/README.md")


def simulated(given: argparse.Namespace) -> Iterator[tuple[str, Judged]]:
    """Yield, for each world and objective, the study judged by the world's truth."""
    definition = load_definition(default_definition("declaration"))
    for seed in range(1, given.seeds + 1):
        world = known_world("declaration", seed, given.scale)
        rows = world.later.assign(label=lambda r: r["violation"])
        later = Later(world.training, rows, UNTIL)
        yield from studies(f"seed {seed}", world.training, definition, UNTIL, given, later)


def shipments(given: argparse.Namespace, *, drop: bool) -> Iterator[tuple[str, Judged]]:
    """Yield, for each objective, the study on LEMIS judged on the shipments of 2019."""
    start, end = day_start(date(2019, 1, 1)), day_start(date(2020, 1, 1))
    with tempfile.TemporaryDirectory() as scratch:
        tables = ingested(given.source, Path(scratch), drop)
    known = build_training_set(tables, "declaration", start, only_inspected=True)
    rows = build_training_set(tables, "declaration", features=known.feature_set).frame
    inside = (rows["decision_time"] >= start) & (rows["decision_time"] < end)
    rows = rows[inside & rows["label"].notna()].reset_index(drop=True)

    later = Later(known, rows, start)
    definition = load_definition(default_definition("declaration"))
    yield from studies("filtered" if drop else "full", known, definition, start, given, later)


def studies(
    name: str,
    known: TrainingSet,
    definition: ModelDefinition,
    until: datetime,
    given: argparse.Namespace,
    later: Later,
) -> Iterator[tuple[str, Judged]]:
    """Run a study per objective and judge own parameters, best trial and what is written."""
    own = later.scored_by(definition)
    for objective in OBJECTIVES:
        part = definition.tuning.model_copy(update={"objective": objective})
        asked = definition.model_copy(update={"tuning": part})
        found = tune(
            known.frame, known.feature_set, asked, until=until, trials=given.trials, jobs=given.jobs
        )
        best = later.scored_by(found.best)
        written = best if found.adopted else own
        scores = {"own": own, "best trial": best, "written": written}
        judged = Judged(found, later.labels, scores)
        print(told(name, objective, judged), flush=True)
        yield objective, judged


def told(name: str, objective: str, judged: Judged) -> str:
    """Return one line on one study."""
    found = judged.study
    later = {who: average_precision(judged.labels, s) for who, s in judged.scores.items()}
    states = found.trials["state"].value_counts().to_dict()
    return (
        f"{name}, {objective}: {states}, best trial {found.best_trial}, searched "
        f"{found.searched.own:.3f} -> {found.searched.best:.3f}, adopted {found.adopted}; later "
        f"average precision {later['own']:.4f} -> {later['best trial']:.4f}"
    )


def compared(
    kind: str, objective: str, judged: list[Judged], resamples: int
) -> Iterator[dict[str, object]]:
    """Yield the rows of one kind of data and one objective, with intervals of the differences."""
    rng = np.random.default_rng(0)
    plain = [np.ones(len(one.labels)) for one in judged]
    draws = [
        [np.bincount(rng.integers(0, len(w), len(w)), minlength=len(w)) * 1.0 for w in plain]
        for _ in range(resamples)
    ]
    adopted = sum(one.study.adopted for one in judged)
    for metric, measure in METRICS.items():
        for who in ("best trial", "written") if adopted else ("best trial",):
            mine, own = measure(judged, who, plain), measure(judged, "own", plain)
            drawn = [measure(judged, who, w) - measure(judged, "own", w) for w in draws]
            low, high = np.quantile(drawn, [0.025, 0.975])
            yield {
                "data": kind,
                "objective": objective,
                "metric": metric,
                "studies": len(judged),
                "adopted": adopted,
                "violations": int(sum(one.labels.sum() for one in judged)),
                "own": f"{own:.4f}",
                "tuned": who,
                "is": f"{mine:.4f}",
                "difference": f"{mine - own:+.4f} ({low:+.4f}, {high:+.4f})",
                "allows": "above" if low > 0 else "below" if high < 0 else "not told apart",
            }


def _mean_precision(judged: list[Judged], who: str, weights: list[FloatArray]) -> float:
    found = [
        average_precision(one.labels, one.scores[who], w)
        for one, w in zip(judged, weights, strict=True)
    ]
    return float(np.mean(found))


def _pooled_recall(judged: list[Judged], who: str, weights: list[FloatArray]) -> float:
    hits = positives = 0.0
    for one, w in zip(judged, weights, strict=True):
        hits += at_rate(one.labels, one.scores[who], RATE, weights=w).hits
        positives += float((one.labels * w).sum())
    return hits / positives


METRICS = {"average precision": _mean_precision, "recall at 5 %": _pooled_recall}


if __name__ == "__main__":
    main()
