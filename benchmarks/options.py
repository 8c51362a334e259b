"""What an option of a model definition is worth, by the truth of simulated worlds and on LEMIS.

Evidence beyond confirmed violations: ``suspicion`` models suspicion and violation as two
processes, ``severity`` weighs violations by their severity. Selective labels: ``weighted`` grows
boosters with stabilised inverse propensities as logged, clipped at 10 and at 2 mean weights;
``estimated`` does the same with every logged propensity hidden and estimated. ``kinds`` mixes
boosters of different parameters. Each contender is the shipped definition with one change; judged
are all arrivals of the quarter after training, pooled over worlds, with intervals by a paired
bootstrap over parties. (On LEMIS nothing is suspicious without being a violation and every shipment
was inspected: there `benchmarks.lemis --also FILE` compares a definition with the shipped one.)

Run: ``python -m benchmarks.options evidence|selective|kinds [--seeds 5] [--scale 0.3]
[--stage declaration] [--keep DIR]``.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.kept import Kept
from benchmarks.worlds import UNTIL, Judged, Known, compared, known_world, ranked_by
from riskml.cli.console import print_table
from riskml.config import STAGES
from riskml.training.definition import ModelDefinition, default_definition, load_definition
from riskml.training.propensity import with_estimated_propensity

FloatArray = npt.NDArray[np.float64]
Changes = dict[str, dict[str, Any]]

SHARP = {
    "extra_trees": False, "learning_rate": 0.05, "lambda_l2": 1.0, "feature_fraction": 0.5,
    "num_leaves": 15, "min_data_in_leaf": 5, "cat_smooth": 5.0, "cat_l2": 5.0,
}  # fmt: skip
PLAIN = {"extra_trees": False, "learning_rate": 0.04}
OPTIONS: dict[str, dict[str, Changes]] = {
    "evidence": {
        "suspicion 0.3": {"fit": {"suspicion": 0.3}},
        "suspicion 0.5": {"fit": {"suspicion": 0.5}},
        "severity": {"weights": {"severity": 1.0}},
    },
    "selective": {
        "weighted, clip 10": {"weights": {"boosters": True, "clip": 10.0}},
        "weighted, clip 2": {"weights": {"boosters": True, "clip": 2.0}},
        "estimated, clip 10": {"weights": {"boosters": True, "clip": 10.0, "estimate": True}},
        "estimated, clip 2": {"weights": {"boosters": True, "clip": 2.0, "estimate": True}},
    },
    "kinds": {
        "two kinds": {"fit": {"variants": ({}, SHARP), "ensemble": 4}},
        "three kinds": {"fit": {"variants": ({}, SHARP, PLAIN), "ensemble": 6}},
    },
}


def main() -> None:
    """Print what each option of a group is worth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=OPTIONS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--resamples", type=int, default=300)
    given = parser.parse_args()
    worlds = []
    for seed in range(1, given.seeds + 1):
        known = known_world(given.stage, seed, given.scale, given.keep)
        kept = Kept(given.keep, f"{given.stage}-{given.scale:g}-{seed}")
        worlds.append(Judged.of(known.later, contenders(known, given, kept)))
        print(f"seed {seed}: {int(worlds[-1].labels.sum())} violations", flush=True)
    rows = compared(worlds, "shipped", given.resamples)
    title = f"{given.stage}, {given.seeds} worlds of scale {given.scale:g}, all arrivals"
    print_table(rows, as_json=False, title=title)


def contenders(known: Known, given: argparse.Namespace, kept: Kept) -> dict[str, FloatArray]:
    """Return the raw scores of the shipped definition and of each option."""
    shipped = load_definition(default_definition(given.stage))
    scores = {"shipped": kept.get("shipped", lambda: _scored(known, shipped))}
    for name, changes in OPTIONS[given.group].items():
        key = name.replace(" ", "_").replace(",", "")
        scores[name] = kept.get(
            key, lambda changes=changes: _scored(known, changed(shipped, changes))
        )
    return scores


def changed(definition: ModelDefinition, changes: Changes) -> ModelDefinition:
    """Return a definition with some settings changed."""
    parts = {
        part: getattr(definition, part).model_copy(update=update)
        for part, update in changes.items()
    }
    return definition.model_copy(update=parts)


def _scored(known: Known, definition: ModelDefinition) -> FloatArray:
    training = known.training
    if definition.weights.estimate:
        hidden = replace(training, frame=training.frame.assign(propensity=np.nan))
        training, _ = with_estimated_propensity(known.tables, hidden, definition, UNTIL)
    return ranked_by(known, definition, training)


if __name__ == "__main__":
    main()
