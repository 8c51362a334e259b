"""Our model against raw-column LightGBM, CatBoost and XGBoost on simulated worlds, by their truth.

For each seed a world is simulated; models learn from what inspectors knew before the reference
quarter and are judged on *all* arrivals of the quarter. Rivals see the raw columns of the first
line of each consignment (see `benchmarks.peers`) and learn from the same labelled consignments.
Pooled over worlds, with intervals of the differences by a paired bootstrap over parties; then the
calibration of our probabilities among the riskiest 5 %.

Run: ``python -m benchmarks.simulation [--seeds 10] [--scale 0.3] [--stage declaration]
[--trials 0] [--keep DIR]``.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.kept import Kept
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
    parser.add_argument("--resamples", type=int, default=300)
    given = parser.parse_args()
    worlds, tops = [], []
    for seed in range(1, given.seeds + 1):
        judged, top = judged_world(given, seed)
        worlds.append(judged)
        tops.append(top)
        print(f"seed {seed}: {int(judged.labels.sum())} violations; {told(top)}", flush=True)
    title = f"{given.stage}, {given.seeds} worlds of scale {given.scale:g}, all arrivals"
    print_table(compared(worlds, "riskml", given.resamples), as_json=False, title=title)
    observed, expected = (float(sum(column)) for column in zip(*tops, strict=True))
    error = expected / observed - 1
    print(
        f"riskiest {TOP:.0%} of arrivals, pooled: {told((observed, expected))}, off by {error:+.1%}"
    )
    if ABSENT:
        print(f"left out, not installed: {', '.join(ABSENT)} (pip install riskml[peers])")


def told(top: tuple[float, float]) -> str:
    """Return observed and expected violations of the riskiest arrivals in words."""
    return f"{top[0]:.0f} violations where {top[1]:.1f} were expected"


def judged_world(given: argparse.Namespace, seed: int) -> tuple[Judged, tuple[float, float]]:
    """Train all contenders on a world; return its truth with their scores, and the top's sums."""
    known = known_world(given.stage, seed, given.scale, given.keep)
    kept = Kept(given.keep, f"{given.stage}-{given.scale:g}-{seed}")
    definition = load_definition(default_definition(given.stage))
    own = kept.get("riskml", lambda: np.stack(scored_by(known, definition)))
    scores = {"riskml": own[0]}
    raw = raw_rows(known, given.stage)
    for peer in given.peers:
        scores[peer] = kept.get(peer, lambda peer=peer: default_scores(peer, raw))
        if given.trials:
            scores[f"{peer}, {given.trials} trials"] = kept.get(
                f"{peer}-{given.trials}",
                lambda peer=peer: tuned_scores(peer, raw, given.trials)[0],
            )
    scores["rules"] = rule_profile(known.later, known.training.feature_set).scores
    judged = Judged.of(known.later, scores)
    top = np.argsort(-own[1], kind="stable")[: round(TOP * len(own[1]))]
    return judged, (float(judged.labels[top].sum()), float(own[1][top].sum()))


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
