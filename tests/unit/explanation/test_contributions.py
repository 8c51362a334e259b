from dataclasses import replace

import numpy as np
import pytest

from riskml.errors import BundleError
from riskml.explanation import additivity_gaps, check_additivity, explain
from tests.support.tiny_bundle import random_columns, small_set, tiny_bundle


@pytest.mark.parametrize("seed", range(8))
def test_base_and_contributions_add_up_on_random_models(seed: int) -> None:
    features = small_set()
    columns = random_columns(features, 400, seed)
    labels = np.random.default_rng(seed).random(400) < 0.3
    bundle = tiny_bundle(features, columns, labels, seed=seed + 1, trees=5 + 20 * seed)
    explanation = explain(bundle, bundle.encode(random_columns(features, 300, seed + 100)))
    assert additivity_gaps(explanation).max() < 1e-6
    check_additivity(explanation)
    assert explanation.contributions.shape == (300, 6)
    assert np.ptp(explanation.raw) > 0


def test_a_row_that_does_not_add_up_is_named() -> None:
    features = small_set()
    columns = random_columns(features, 200, 3)
    bundle = tiny_bundle(features, columns, np.arange(200) % 3 == 0)
    sound = explain(bundle, bundle.encode(columns))
    off = sound.contributions.copy()
    off[7, 2] += 2e-6
    with pytest.raises(BundleError, match="row 7"):
        check_additivity(replace(sound, contributions=off))
    off[4, 0] = np.nan
    with pytest.raises(BundleError, match="row 4"):
        check_additivity(replace(sound, contributions=off))
