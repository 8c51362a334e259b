"""Our contributions are LightGBM's and are the Shapley values; our scores have LightGBM's bits."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskml.explanation.kernel import TreeKernel
from tests.oracles.shapley import random_booster, shapley_values


def check(seed: int) -> None:
    booster, rows = random_booster(seed)
    kernel = TreeKernel.of(booster.model_to_string())
    raw = booster.predict(rows, raw_score=True, num_threads=1)
    theirs = booster.predict(rows, pred_contrib=True, num_threads=1)
    ours = kernel.contributions(rows)
    alone = np.vstack([kernel.contributions(rows[[row]]) for row in range(len(rows))])
    scale = max(1.0, np.abs(theirs).max())
    assert np.abs(ours - theirs).max() <= 1e-10 * scale
    assert ours.tobytes() == alone.tobytes()
    assert np.abs(ours.sum(axis=1) - raw).max() <= 1e-10 * scale
    assert kernel.raw_scores(rows).tobytes() == raw.tobytes()
    assert np.concatenate([kernel.raw_scores(rows[[row]]) for row in range(24)]).tolist() == (
        raw.tolist()
    )
    by_definition = shapley_values(booster, rows[seed % len(rows)])
    assert np.abs(ours[seed % len(rows)] - by_definition).max() <= 1e-10 * scale


quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.slow
@settings(max_examples=40, **quiet)
@given(st.integers(0, 2**31))
def test_random_boosters(seed: int) -> None:
    check(seed)


@pytest.mark.full
@settings(max_examples=3000, **quiet)
@given(st.integers(0, 2**31))
def test_thousands_of_random_boosters(seed: int) -> None:
    check(seed)
