"""Random, rules, raw-column LightGBM, ours, oracle on the simulated world: recall of each.

For each seed a world is simulated, the two models are trained on what inspectors knew before the
reference quarter, and every arrival of the quarter is ranked. Printed is the share of all expected
violations (true probabilities before the coin) among the highest-ranked at the inspection rate.

Run: ``python -m benchmarks.ladder [--seeds 3] [--scale 0.3] [--stage declaration] [--rate 0.05]``.
"""

import argparse
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.compare import score_period
from riskml.cli.console import print_table
from riskml.config import STAGES, day_end, day_start
from riskml.datasets import Tables, load_tables
from riskml.datasets.simulation import WorldConfig, load_config, write_world
from riskml.datasets.simulation.measures import recall_at
from riskml.evaluation.baselines import random_scores
from riskml.training.dataset import build_training_set
from riskml.training.definition import ModelDefinition, default_definition, load_definition
from riskml.training.fitting import fit_model

FloatArray = npt.NDArray[np.float64]
RUNGS = ("random", "rules", "raw columns", "ours", "oracle")
START = date(2018, 10, 1)
KEYS = ["bill_no", "container_no"]
TABLE = {"pre_arrival": "manifests", "declaration": "declarations"}
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "seed": 7, "verbose": -1, "num_threads": 2, "deterministic": True,
    "force_row_wise": True,
}  # fmt: skip


def main() -> None:
    """Print a row per seed, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    parser.add_argument("--rate", type=float, default=0.05)
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for seed in range(1, given.seeds + 1):
        found = ladder(given.stage, given.scale, seed, given.rate)
        rows.append({"seed": seed, **found})
    mean = {rung: float(np.mean([row[rung] for row in rows])) for rung in RUNGS}
    shown = [*rows, {"seed": "mean", **mean}]
    shown = [{k: f"{v:.3f}" if isinstance(v, float) else v for k, v in r.items()} for r in shown]
    print_table(shown, as_json=False, title=f"{given.stage}: recall at {given.rate:.0%}")


def ladder(
    stage: str,
    scale: float,
    seed: int,
    rate: float,
    config: WorldConfig | None = None,
    start: date = START,
    definition: ModelDefinition | None = None,
) -> dict[str, float]:
    """Return the recall of expected violations of each of :data:`RUNGS` on one world.

    By default it is the default world from :data:`START` on, and the stage's own model definition.
    """
    config = config or load_config()
    definition = definition or load_definition(default_definition(stage))
    first, last = config.reference.first, config.reference.last
    until, end = day_start(first), day_end(last)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        days = (last - start).days + 32
        write_world(folder, config, start=start, days=days, scale=scale, seed=seed)
        tables = load_tables(folder, need=("manifests", "declarations", "inspections"))
        truth = pd.read_parquet(folder / "truth.parquet").drop_duplicates(KEYS)
    known = build_training_set(tables, stage, until, only_inspected=True)
    bundle = fit_model(known.frame, known.feature_set, definition, until=until).bundle
    scores = score_period(tables, bundle, until, end)
    both = scores.merge(truth[[*KEYS, "probability"]], on=KEYS, suffixes=("_ours", ""))
    ranked = {
        "random": random_scores(len(both)),
        "rules": both["rules"].to_numpy(dtype=np.float64),
        "raw columns": raw_columns(tables, stage, known.frame, both),
        "ours": both["raw_score"].to_numpy(dtype=np.float64),
        "oracle": both["probability"].to_numpy(dtype=np.float64),
    }
    # Ties, of which the rules have many, are broken by chance.
    shuffled = np.random.default_rng(seed).permutation(len(both))
    expected = both["probability"].to_numpy()[shuffled]
    return {rung: recall_at(ranked[rung][shuffled], expected, (rate,))[0] for rung in RUNGS}


def raw_columns(tables: Tables, stage: str, known: pd.DataFrame, later: pd.DataFrame) -> FloatArray:
    """Train LightGBM on the raw columns of the stage's own table, and score later arrivals."""
    rows = tables.require(TABLE[stage])
    rows = rows[rows["revision"] == 0]
    keys = KEYS if stage == "pre_arrival" else ["bill_no"]
    rows = rows.drop_duplicates(keys).set_index(keys)
    X = pd.DataFrame(
        {
            name: values.astype("category") if pd.api.types.is_string_dtype(values) else values
            for name, values in rows.items()
            if name not in KEYS and not isinstance(values.dtype, pd.DatetimeTZDtype)
        }
    )
    learn = known[known["label"].notna()]
    train, test = (X.reindex(f.set_index(keys).index) for f in (learn, later))
    data = lgb.Dataset(train, learn["label"].to_numpy(dtype=np.float64))
    booster = lgb.train(PARAMETERS, data, 100)
    return np.asarray(booster.predict(test), dtype=np.float64)


if __name__ == "__main__":
    main()
