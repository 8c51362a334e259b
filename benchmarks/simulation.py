"""Our model against raw-column LightGBM, CatBoost and XGBoost on simulated worlds, by their truth.

For each seed a world is simulated; models learn from what inspectors knew before the reference
quarter and are judged on *all* arrivals of the quarter. Rivals see the raw columns of the first
line of each consignment (see `benchmarks.peers`) and learn from the same labelled consignments.
Pooled over worlds, with intervals of the differences by a paired bootstrap over parties; then the
calibration of our probabilities among the riskiest 5 %.

In ``--keep`` one file for each world holds its truth and all scores (the world itself is thrown
away); a run that was broken off, or that stopped after ``--seconds``, goes on with the next seed
and the table is of all seeds that are there. Give another folder after a change of the code.

Run: ``python -m benchmarks.simulation [--seeds 10] [--scale 0.3] [--stage declaration]
[--trials 0] [--keep DIR] [--seconds N]``.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.peers import ABSENT, PEERS, Raw, default_scores, tuned_scores
from benchmarks.worlds import Judged, Known, compared, known_world, scored_by
from riskml.cli.console import print_table
from riskml.config import STAGES
from riskml.datasets.consignments import roll_up
from riskml.evaluation.baselines import rule_profile
from riskml.evaluation.checks import raw_columns
from riskml.training.definition import default_definition, load_definition

FloatArray = npt.NDArray[np.float64]
TOP = 0.05
TRUTH = ("labels", "revenue", "groups")
TEXT = ("_name", "_description", "vessel", "voyage")
"""Free text is no category: no rival reads it."""


def main() -> None:
    """Print the comparison and the calibration, pooled over the worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--stage", choices=STAGES, default="declaration")
    parser.add_argument("--trials", type=int, default=0, help="of each rival's tuning; 0: none")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument(
        "--seconds", type=float, default=np.inf, help="begin no world after so many"
    )
    parser.add_argument("--resamples", type=int, default=300)
    given = parser.parse_args()
    worlds, begin = [], time.monotonic()
    for seed in range(1, given.seeds + 1):
        if worlds and time.monotonic() - begin > given.seconds:
            print(f"stopped before seed {seed}: the same command goes on")
            break
        worlds.append(kept_world(given, seed))
        print(f"seed {seed}: {told(top_of([worlds[-1]]))}", flush=True)
    violations = int(sum(world.judged.labels.sum() for world in worlds))
    title = (
        f"{given.stage}, {len(worlds)} worlds of scale {given.scale:g}, all arrivals, "
        f"{violations} violations"
    )
    judged = [world.judged for world in worlds]
    print_table(compared(judged, "riskml", given.resamples), as_json=False, title=title)
    print(f"riskiest {TOP:.0%} of arrivals, pooled: {told(top_of(worlds))}")
    if ABSENT:
        print(f"left out, not installed: {', '.join(ABSENT)} (pip install riskml[peers])")


@dataclass(frozen=True)
class World:
    """A world's truth with the scores of all contenders, and our probabilities, shape (n,)."""

    judged: Judged
    probabilities: FloatArray

    def save(self, path: Path) -> None:
        """Write it; the file appears complete or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = {f"scores {name}": scores for name, scores in self.judged.scores.items()}
        truth = {name: getattr(self.judged, name) for name in TRUTH}
        half = path.with_suffix(".half.npz")
        np.savez_compressed(half, probabilities=self.probabilities, **truth, **parts)
        half.replace(path)

    @classmethod
    def load(cls, path: Path) -> "World":
        """Read what `save` wrote."""
        with np.load(path) as found:
            names = [name for name in found.files if name.startswith("scores ")]
            scores = {name.removeprefix("scores "): found[name] for name in names}
            return cls(Judged(*(found[name] for name in TRUTH), scores), found["probabilities"])


def kept_world(given: argparse.Namespace, seed: int) -> World:
    """Return a world as it was kept, or judge and keep it."""
    if given.keep is None:
        return judged_world(given, seed)
    tuned = f"-{given.trials}" if given.trials else ""
    path = given.keep / f"{given.stage}-{given.scale:g}-{seed}{tuned}.npz"
    if not path.is_file():
        judged_world(given, seed).save(path)
    return World.load(path)


def judged_world(given: argparse.Namespace, seed: int) -> World:
    """Train all contenders on a world."""
    known = known_world(given.stage, seed, given.scale)
    raw_scores, probabilities = scored_by(known, load_definition(default_definition(given.stage)))
    scores = {"riskml": raw_scores}
    raw = raw_rows(known, given.stage)
    for peer in given.peers:
        scores[peer] = default_scores(peer, raw)
        if given.trials:
            scores[f"{peer}, {given.trials} trials"] = tuned_scores(peer, raw, given.trials)[0]
    scores["rules"] = rule_profile(known.later, known.training.feature_set).scores
    return World(Judged.of(known.later, scores), probabilities)


def top_of(worlds: Sequence[World]) -> tuple[float, float]:
    """Return observed and expected violations among the riskiest of each world, added up."""
    observed = expected = 0.0
    for world in worlds:
        p = world.probabilities
        top = np.argsort(-p, kind="stable")[: round(TOP * len(p))]
        observed += float(world.judged.labels[top].sum())
        expected += float(p[top].sum())
    return observed, expected


def told(top: tuple[float, float]) -> str:
    """Return observed and expected violations of the riskiest arrivals in words.

    The interval is that of a Poisson count with this many observed (square-root scale).
    """
    observed, expected = top
    low, high = ((max(np.sqrt(observed) + z, 0.0)) ** 2 for z in (-0.98, 0.98))
    return (
        f"{observed:.0f} violations where {expected:.1f} were expected, off by "
        f"{expected / max(observed, 1) - 1:+.1%} ({expected / max(high, 1) - 1:+.1%}, "
        f"{expected / max(low, 1) - 1:+.1%})"
    )


def raw_rows(known: Known, stage: str) -> Raw:
    """Return raw columns of labelled and of judged consignments."""
    frame = known.training.frame
    learn = frame[frame["label"].notna() & frame["matured"]].assign(violation=lambda r: r["label"])
    both = pd.concat([learn, known.later], ignore_index=True)
    columns = raw_columns(roll_up(known.tables, stage), both)
    columns = columns[[c for c in columns if not str(c).endswith(TEXT)]]
    learned = np.arange(len(both)) < len(learn)
    decided = both["decision_time"].dt
    columns = columns.assign(month=decided.month, weekday=decided.day_of_week)
    return Raw.of(
        columns,
        both["violation"].to_numpy(dtype=np.float64),
        learned,
        ~learned,
        decided.tz_localize(None).to_numpy(),
    )


if __name__ == "__main__":
    main()
