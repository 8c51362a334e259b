"""Compare rankings of all arrivals of a period with the simulated world's truth.

Only a simulated world has a truth to compare with; nothing here is ever trained on it.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskml.bundle import Bundle
from riskml.datasets import Tables
from riskml.evaluation.baselines import random_scores, rule_profile
from riskml.evaluation.metrics import RATES, at_rate
from riskml.features.compute import compute_features
from riskml.history import Progress

__all__ = ["compare_on_truth", "score_period"]


def score_period(
    tables: Tables,
    bundle: Bundle,
    start: datetime,
    end: datetime,
    *,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Score every arrival decided in ``[start, end)`` with a model and with the rules."""
    stage = bundle.manifest.stage
    frame = compute_features(
        tables,
        stage,
        bundle.feature_set,
        keep=lambda rows: (
            (rows["decision_time"] >= start) & (rows["decision_time"] < end)
        ).to_numpy(),
        progress=progress,
    )
    raw = bundle.raw_scores(bundle.encode(frame))
    columns = ["consignment_id", "bill_no", "container_no", "office", "mode", "decision_time"]
    return frame[columns].assign(
        raw_score=raw,
        probability=bundle.probabilities(raw),
        rules=rule_profile(frame, bundle.feature_set).scores,
    )


def compare_on_truth(scores: pd.DataFrame, truth_file: Path) -> list[dict[str, Any]]:
    """Compare model, rules, random selection and the oracle at each inspection rate.

    Parameters
    ----------
    scores : DataFrame
        What :func:`score_period` gave.
    truth_file : Path
        The simulated world's ``truth.parquet``.

    Returns
    -------
    list of dict
        A row per inspection rate and ranking: hit rate, recall, lift, revenue recall, and the
        model's observed over expected violations.
    """
    truth = pd.read_parquet(truth_file).drop_duplicates(["bill_no", "container_no"])
    columns = ["bill_no", "container_no", "probability", "violation", "revenue"]
    both = scores.merge(
        truth[columns].rename(columns={"probability": "true_probability"}),
        on=["bill_no", "container_no"],
    )
    rankings: Mapping[str, np.ndarray] = {
        "model": both["raw_score"].to_numpy(),
        "rules": both["rules"].to_numpy(),
        "random": random_scores(len(both)),
        "oracle": both["true_probability"].to_numpy(),
    }
    labels = both["violation"].to_numpy(dtype=np.float64)
    revenue = both["revenue"].fillna(0.0).to_numpy(dtype=np.float64)
    rows = []
    for rate in RATES:
        for name, ranking in rankings.items():
            found = at_rate(labels, ranking, rate, revenue=revenue)
            rows.append(
                {
                    "rate": f"{rate:.0%}",
                    "ranking": name,
                    "arrivals": len(both),
                    "violations": int(labels.sum()),
                    "hit_rate": found.hit_rate,
                    "recall": found.recall,
                    "lift": found.lift,
                    "revenue_recall": found.revenue_recall,
                }
            )
    return rows


def observed_over_expected(scores: pd.DataFrame, truth_file: Path) -> float:
    """Return true violations over the sum of the model's probabilities, over all arrivals."""
    truth = pd.read_parquet(truth_file).drop_duplicates(["bill_no", "container_no"])
    both = scores.merge(truth[["bill_no", "container_no", "violation"]])
    return float(both["violation"].sum() / both["probability"].sum())
