"""The reference quarter over many seeds: simulated ratios against the published ones.

Usage: ``python benchmarks/reference_quarter.py [--seeds 20] [--first 0] [--scale 1.0] [--jobs 1]
[--world 2023q1]``

For every seed the world is simulated for two years up to the end of its reference quarter
(without texts and files). Printed are the quarter's ratios for each seed, pooled with 99 % Wilson
intervals beside the published ones, how often a seed's own 95 % interval holds the published
ratio, and how much of the expected violations the oracle, the legacy policy and chance find.
"""

import argparse
import json
import math
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from riskml.datasets.simulation import WorldConfig, default_start, load_config
from riskml.datasets.simulation.measures import PeriodCounts, recall_at, simulate_arrivals
from riskml.evaluation.intervals import wilson_interval

RATES = (0.01, 0.02, 0.05, 0.10)
PUBLISHED = {
    "default": {
        "suspicious / scans": (144, 6198),
        "violations / suspicious": (31, 144),
        "violations / scans": (31, 6198),
        "Hai Phong": (22, 2699),
        "Ho Chi Minh City": (5, 1163),
        "Da Nang": (3, 127),
    },
    "2023q1": {
        "suspicious / scans": (1128, 20655),
        "violations / suspicious": (88, 1128),
        "violations / scans": (88, 20655),
    },
}


@dataclass(frozen=True)
class Run:
    """One seed: the quarter's counts, by office too, and recall at inspection rates."""

    seed: int
    seconds: float
    arrivals: int
    counts: PeriodCounts
    offices: dict[str, PeriodCounts]
    oracle: tuple[float, ...]
    legacy: float
    base_rate: float


def config_of(world: str) -> WorldConfig:
    """Return the parameters of a world by its name."""
    return load_config(None if world == "default" else world)


def run_seed(seed: int, scale: float, name: str) -> Run:
    """Simulate one seed."""
    began = time.perf_counter()
    config = config_of(name)
    start, last = default_start(config), config.reference.last
    world = simulate_arrivals(start, (last - start).days + 1, scale, seed, config)
    quarter = world.between(config.reference.first, last)
    names = [office.name for office in config.offices]
    return Run(
        seed=seed,
        seconds=round(time.perf_counter() - began, 1),
        arrivals=len(quarter.day),
        counts=quarter.counts(),
        offices={n: quarter.where(quarter.office == i).counts() for i, n in enumerate(names)},
        oracle=recall_at(world.probability, world.probability, RATES),
        legacy=float((world.probability * world.propensity).sum() / world.probability.sum()),
        base_rate=float(world.probability.mean()),
    )


def ratio(run: Run, name: str) -> tuple[int, int]:
    """Return numerator and denominator of a ratio of one run."""
    counts = run.counts
    if name == "suspicious / scans":
        return counts.suspicious, counts.scans
    if name == "violations / suspicious":
        return counts.violations, counts.suspicious
    if name == "violations / scans":
        return counts.violations, counts.scans
    return run.offices[name].violations, run.offices[name].scans


def assess(runs: list[Run], name: str, published_at: tuple[int, int]) -> dict[str, float | str]:
    """Compare one ratio with the published one, pooled and seed by seed."""
    hits, trials = np.array([ratio(run, name) for run in runs]).T
    published_hits, published_trials = published_at
    published = published_hits / published_trials
    pooled = hits.sum() / trials.sum()
    both = (hits.sum() + published_hits) / (trials.sum() + published_trials)
    error = math.sqrt(both * (1 - both) * (1 / trials.sum() + 1 / published_trials))
    low, high = wilson_interval(int(hits.sum()), int(trials.sum()), 0.99)
    covered = 0
    for h, n in zip(hits.tolist(), trials.tolist(), strict=True):
        below, above = wilson_interval(h, n)
        covered += below <= published <= above
    return {
        "ratio": name,
        "published %": round(100 * published, 3),
        "pooled %": round(100 * pooled, 3),
        "99 % low": round(100 * low, 3),
        "99 % high": round(100 * high, 3),
        "z": round((pooled - published) / error, 2),
        "covered": f"{covered}/{len(runs)}",
    }


def print_rows(rows: list[dict[str, float | str]]) -> None:
    """Print rows as an aligned table."""
    heads = list(rows[0])
    width = {h: max(len(h), *(len(str(row[h])) for row in rows)) for h in heads}
    print("  ".join(h.ljust(width[h]) for h in heads))
    for row in rows:
        print("  ".join(str(row[h]).ljust(width[h]) for h in heads))


def describe(run: Run) -> dict[str, float | str]:
    """Return one line about a seed."""
    counts = run.counts
    return {
        "seed": run.seed,
        "s": run.seconds,
        "arrivals": run.arrivals,
        "scans": counts.scans,
        "suspicious": counts.suspicious,
        "violations": counts.violations,
        "clear opened": counts.clear_opened,
        "found there": counts.clear_violations,
        "base %": round(100 * run.base_rate, 3),
        "legacy": round(run.legacy, 3),
        **{f"oracle {rate:.0%}": round(r, 3) for rate, r in zip(RATES, run.oracle, strict=True)},
    }


def main() -> None:
    """Run the seeds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--world", choices=PUBLISHED, default="default")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    work = partial(run_seed, scale=options.scale, name=options.world)
    if options.jobs == 1:
        runs = [work(seed) for seed in seeds]
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            runs = list(pool.map(work, seeds))
    print_rows([describe(run) for run in runs])
    print()
    print_rows([assess(runs, name, counts) for name, counts in PUBLISHED[options.world].items()])
    mean = np.mean([run.oracle for run in runs], axis=0)
    print(f"\nmean recall at {RATES}: oracle {mean.round(3)}; legacy at its own rate of 5 %:")
    print(f"{np.mean([run.legacy for run in runs]):.3f}; chance: the rate itself")
    if options.json:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=1))


if __name__ == "__main__":
    main()
