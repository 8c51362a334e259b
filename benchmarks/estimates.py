"""Estimates from selected data against the simulated truth: bias, coverage, width.

``python -m benchmarks.estimates`` simulates the default world, lets a model take the riskiest
arrivals of its last quarter for certain and explores the rest at random. It redraws that
exploration many times and prints for each method how often its nominal 95 % interval holds the
truth, and how wide it is: for the violation rate of all arrivals, and for the hit rates of two
policies that were not followed. Then it corrects the world's own scans for the clear images that
nobody opened.
"""

import argparse

import numpy as np
import pandas as pd

from riskml.datasets.simulation import simulate
from riskml.policy import (
    Estimate,
    Selected,
    correct_verification,
    estimate_hit_rate,
    estimate_naively,
)

KEYS = ["bill_no", "container_no", "declaration_id"]
QUARTER = pd.Timestamp("2020-07-01", tz="Asia/Ho_Chi_Minh")
METHODS = ("horvitz_thompson", "self_normalised", "doubly_robust")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redraws", type=int, default=2000)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    world = simulate(scale=options.scale, seed=options.seed)
    last = world.truth["decision_time"] >= QUARTER
    _redraw(world.truth[last], options.redraws, options.seed)
    _verify(world.inspections, world.truth)


def _redraw(truth: pd.DataFrame, redraws: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = truth["violation"].to_numpy(np.float64)
    logit = np.log(truth["probability"].to_numpy(np.float64))
    seen = logit + rng.normal(0, 1.0, len(label))  # a model that is not the oracle
    certain = np.zeros(len(label), dtype=bool)
    certain[np.argsort(-seen)[: len(label) * 4 // 100]] = True
    others = np.flatnonzero(~certain)
    explored = len(label) // 100
    propensity = np.where(certain, 1.0, explored / len(others))
    model = np.minimum(1.0, np.exp(seen))
    # Whom another policy would pick: as good a model, with errors of its own; or anybody.
    other = logit + rng.normal(0, 1.0, len(label))
    size = len(label) * 5 // 100
    claims = {
        "all arrivals": np.arange(len(label)),
        "another model's 5 %": np.argsort(-other)[:size],
        "5 % at random": rng.choice(len(label), size, replace=False),
    }
    draws = [_draw(rng, certain, others, explored) for _ in range(redraws)]
    print(
        f"{len(label):,} arrivals, {int(label.sum())} violations; 4 % chosen by a "
        f"model, 1 % explored, {redraws} redraws"
    )
    for claim, rows in claims.items():
        picks = np.zeros(len(label), dtype=bool)
        picks[rows] = True
        found: dict[str, list[Estimate]] = {name: [] for name in (*METHODS, "naive")}
        for selected in draws:
            data = Selected(propensity, selected, np.where(selected, label, np.nan))
            for method in METHODS:
                found[method].append(estimate_hit_rate(data, picks, method=method, model=model))
            found["naive"].append(estimate_naively(data))
        _show(claim, label[picks].mean(), found)


def _draw(
    rng: np.random.Generator, certain: np.ndarray, others: np.ndarray, explored: int
) -> np.ndarray:
    selected = certain.copy()
    selected[rng.choice(others, explored, replace=False)] = True
    return selected


def _show(claim: str, rate: float, found: dict[str, list[Estimate]]) -> None:
    print(f"\nhit rate of {claim}: {rate:.3%}")
    for name, estimates in found.items():
        values = np.array([e.interval.value for e in estimates])
        held = np.mean([e.interval.low <= rate <= e.interval.high for e in estimates])
        width = np.median([e.width for e in estimates])
        print(
            f"{name:18} mean {values.mean():.3%}   95 % interval holds the truth in {held:6.1%}, "
            f"median width {width:.3%}"
        )


def _verify(inspections: pd.DataFrame, truth: pd.DataFrame) -> None:
    rows = inspections.merge(truth[[*KEYS, "violation"]], on=KEYS, validate="many_to_one")
    rows = rows[rows["scan_finding"].notna()]
    suspicious = (rows["scan_finding"] == "suspicious").to_numpy()
    opened = rows["result"].notna().to_numpy()
    known = (rows["result"] == "violation").to_numpy(np.float64)
    found = correct_verification(suspicious, opened, np.where(opened, known, np.nan))
    low, high = found.prevalence.low, found.prevalence.high
    print(
        f"\n{found.scanned} scans, {found.opened} opened, {rows['violation'].mean():.2%} truly in "
        f"violation: unopened counted as clean {found.unverified_as_clean:.2%}, among the opened "
        f"{found.among_opened:.2%}, corrected {found.prevalence.value:.2%} "
        f"({low:.2%} to {high:.2%})"
    )


if __name__ == "__main__":
    main()
