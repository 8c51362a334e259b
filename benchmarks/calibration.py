"""Observed over expected violations, by the simulated world's truth, over all arrivals.

For each seed a world is simulated, a model is trained on what inspectors knew before the reference
quarter, and every arrival of the quarter is scored; the quotient of true violations and summed
probabilities is printed for each seed and pooled over all of them.

Run: ``python benchmarks/calibration.py [--seeds 10] [--scale 0.3] [--stage declaration]``.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.worlds import QUARTER, START
from pipelines.compare import score_period
from riskml.cli.console import print_table
from riskml.config import STAGES, day_end, day_start
from riskml.datasets import load_tables
from riskml.datasets.simulation import write_world
from riskml.training.dataset import build_training_set
from riskml.training.definition import default_definition, load_definition
from riskml.training.fitting import fit_model


def main() -> None:
    """Print the quotient per seed, and pooled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    given = parser.parse_args()
    rows: list[dict[str, float]] = []
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as scratch:
            observed, expected = measured(Path(scratch), given.stage, given.scale, seed)
        rows.append({"seed": seed, "observed": observed, "expected": expected})
        quotient = observed / expected
        print(f"seed {seed}: {observed:.0f} / {expected:.1f} = {quotient:.3f}", flush=True)
    table = pd.DataFrame(rows)
    pooled = table["observed"].sum() / table["expected"].sum()
    total = {
        "stage": given.stage,
        "seeds": len(table),
        "observed": int(table["observed"].sum()),
        "expected": round(float(table["expected"].sum()), 1),
        "observed over expected": round(float(pooled), 3),
    }
    print_table([total], as_json=False, title="Pooled over all arrivals of the quarter")


def measured(folder: Path, stage: str, scale: float, seed: int) -> tuple[float, float]:
    """Return true violations and summed probabilities of one world's quarter."""
    days = (QUARTER[1] - START).days + 32
    write_world(folder, start=START, days=days, scale=scale, seed=seed)
    tables = load_tables(folder, need=("manifests", "declarations", "inspections"))
    until = day_start(QUARTER[0])
    known = build_training_set(tables, stage, until, only_inspected=True)
    definition = load_definition(default_definition(stage))
    bundle = fit_model(known.frame, known.feature_set, definition, until=until).bundle
    scores = score_period(tables, bundle, until, day_end(QUARTER[1]))
    truth = pd.read_parquet(folder / "truth.parquet").drop_duplicates(["bill_no", "container_no"])
    both = scores.merge(truth[["bill_no", "container_no", "violation"]])
    return float(both["violation"].sum()), float(both["probability"].sum())


if __name__ == "__main__":
    main()
